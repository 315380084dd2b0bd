import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recognition } from '../../src/core/recognition.ts';
import { MASSIVE_EVENTS } from '../support/massive-events.ts';

const recognition = new Recognition();
recognition.configure({ field: 'ev', types: {}, shapes: true });
const anything = fc.anything({ withNullPrototype: true, withBigInt: true });
const fields = fc.dictionary(
  fc.constantFrom('ev', 'sym', 'p', 't', 'o', 'h', 'l', 'c', 'v', 'fmv', '__proto__'),
  fc.anything(),
);
/** Fields that make a shape, each there or not. */
const shaped = fc.record(
  {
    fmv: fc.double({ noNaN: true, noDefaultInfinity: true }),
    o: fc.integer(),
    h: fc.integer(),
    l: fc.integer(),
    c: fc.integer(),
    v: fc.integer(),
    sym: fc.constantFrom('A', 'BTC-USD'),
    p: fc.integer(),
    t: fc.integer(),
  },
  { requiredKeys: [] },
);

test('recognition never throws and never invents a data type, whatever comes', () => {
  fc.assert(
    fc.property(fc.oneof(anything, fields), (message) => {
      expect([undefined, 'tick', 'ohlcv', 'fmv']).toContain(recognition.dataTypeOf(message));
      expect(recognition.why(message)).not.toBe('');
    }),
  );
});

test('an `ev` of the table decides, whatever else the message holds', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.entries(MASSIVE_EVENTS)), fields, shaped, ([ev, dataType], others, shape) => {
      expect(recognition.dataTypeOf({ ...others, ...shape, ev })).toBe(dataType);
    }),
  );
});

test('an `ev` that is not in the table is never overruled by a shape', () => {
  const unknown = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 't'));
  fc.assert(
    fc.property(
      unknown.filter((ev) => !Object.hasOwn(MASSIVE_EVENTS, ev)),
      shaped,
      (ev, shape) => {
        expect(recognition.dataTypeOf({ ...shape, ev })).toBeUndefined();
      },
    ),
  );
});

test('a shape is read from the most telling fields to the least: a fair value, a whole bar, a trade, nothing', () => {
  fc.assert(
    fc.property(shaped, (shape) => {
      const has = (...names: string[]) => names.every((name) => Object.hasOwn(shape, name));
      const trade = has('sym', 'p', 't') ? 'tick' : undefined;
      const bar = has('o', 'h', 'l', 'c', 'v') ? 'ohlcv' : trade;
      expect(recognition.dataTypeOf(shape)).toBe(has('fmv') ? 'fmv' : bar);
    }),
  );
});

test('the first rule with an opinion wins over everything; a rule that fails has none, and that is told', () => {
  const opinion = fc.oneof(fc.constantFrom('mine', 'yours'), fc.constantFrom('throws', undefined));
  fc.assert(
    fc.property(fc.array(opinion, { maxLength: 5 }), fc.oneof(anything, shaped), (opinions, message) => {
      const failures: unknown[] = [];
      const rules = opinions.map((each) => () => {
        if (each === 'throws') throw new Error('broken rule');
        return each;
      });
      const ruled = new Recognition(rules, (error) => failures.push(error));
      ruled.configure({ field: 'ev', types: {}, shapes: true });
      const first = opinions.findIndex((each) => each === 'mine' || each === 'yours');
      const asked = first < 0 ? opinions : opinions.slice(0, first);
      expect(ruled.dataTypeOf(message)).toBe(first < 0 ? recognition.dataTypeOf(message) : opinions[first]);
      expect(failures.length).toBe(asked.filter((each) => each === 'throws').length);
      // Nobody has to listen.
      const unheard = new Recognition(rules);
      unheard.configure({ field: 'ev', types: {}, shapes: true });
      expect(unheard.dataTypeOf(message)).toBe(ruled.dataTypeOf(message));
    }),
  );
});
