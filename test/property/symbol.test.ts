import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyReader, symbolOf } from '../../src/core/symbol.ts';

const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true });

test('the key of anything at all is a text', () => {
  fc.assert(
    fc.property(anything, fc.string(), (message, field) => {
      expect(typeof symbolOf(message)).toBe('string');
      expect(typeof keyReader(field)(message)).toBe('string');
    }),
  );
});

test('the symbol is the first text among `sym`, `pair`, `symbol` and `ticker`, whatever else a message holds', () => {
  const spelling = fc.oneof(fc.string(), fc.integer(), fc.constantFrom(null, undefined));
  const fields = fc.record({ sym: spelling, pair: spelling, symbol: spelling, ticker: spelling });
  fc.assert(
    fc.property(fields, fc.dictionary(fc.string(), anything), (named, others) => {
      const message = { ...others, ...named };
      const first = [named.sym, named.pair, named.symbol, named.ticker].find((value) => typeof value === 'string');
      expect(symbolOf(message)).toBe(first ?? '');
      expect(keyReader('sym')(message)).toBe(first ?? '');
    }),
  );
});

test('a field gives its text or its number as a text, and two messages that agree in it have one key', () => {
  const value = fc.oneof(fc.string(), fc.double());
  fc.assert(
    fc.property(value, anything, anything, (venue, one, two) => {
      const keyOf = keyReader('venue');
      expect(keyOf({ venue, one })).toBe(String(venue));
      expect(keyOf({ two, venue })).toBe(keyOf({ venue, one }));
    }),
  );
});

test('a function gives its text; anything else it does is told once and is no key', () => {
  fc.assert(
    fc.property(anything, fc.boolean(), (value, isThrown) => {
      const failures: unknown[] = [];
      const read = (): string => {
        if (isThrown) throw value;
        return value as string;
      };
      const key = keyReader(read, (error) => failures.push(error))(null);
      const isText = typeof value === 'string' && !isThrown;
      expect([key, failures.length]).toEqual([isText ? value : '', isText ? 0 : 1]);
      // Nobody has to listen.
      expect(keyReader(read)(null)).toBe(key);
    }),
  );
});
