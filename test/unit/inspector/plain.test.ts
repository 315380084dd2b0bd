import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toPlain, toText } from '../../../src/inspector/plain.ts';

const secrets = ['password', 'apiToken', 'API_KEY', 'clientSecret', 'Authorization', 'dbPassword', 'privateKey'];

it('anything becomes JSON, however deep, wide or odd, and never throws', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }), (value) => {
      const json = JSON.stringify(toPlain(value)) ?? 'undefined';
      expect(json.length).toBeGreaterThan(0);
      expect(toText(value).length).toBeLessThanOrEqual(2_001);
    }),
  );
});

it('what refers to itself ends', () => {
  const self: Record<string, unknown> = {};
  self.self = self;
  expect(JSON.stringify(toPlain(self))).toContain('…');
});

it('what is named like a secret is not shown, at any depth', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...secrets),
      fc.array(fc.constantFrom('a', 'rules', 'list'), { maxLength: 5 }),
      (name, path) => {
        const value = path.reduceRight<unknown>((inner, key) => ({ [key]: [inner] }), { [name]: 'hunter2' });
        // Eight levels down nothing is shown at all.
        expect(JSON.stringify(toPlain(value))).not.toContain('hunter2');
      },
    ),
  );
});

it('ordinary settings are shown as they are', () => {
  const config = { batchSize: 10, partitionBy: 'sym', key: 'a', window: { count: 20 }, list: [1, null, true] };
  expect(toPlain(config)).toEqual(config);
});

it('a function is shown by its name, if it has one', () => {
  const functions = { keyOf: function bySymbol() {}, other: (() => () => {})() };
  expect(toPlain(functions)).toEqual({ keyOf: 'the function bySymbol', other: 'a function' });
});

it('a long text is cut off at 2,000 characters', () => {
  expect(toText('x'.repeat(2_000))).toBe('x'.repeat(2_000));
  expect(toText('x'.repeat(2_001))).toBe(`${'x'.repeat(2_000)}…`);
});

it('a value that throws when it is read is no end of the page', () => {
  const trap = {
    get price(): never {
      throw new Error('no price');
    },
  };
  expect(toText(trap)).toBe('"something that cannot be read"');
  const error = Object.defineProperty(new Error(), 'message', Object.getOwnPropertyDescriptor(trap, 'price') ?? {});
  expect(toText(error)).toBe('something that cannot be read');
  expect(toPlain({ inner: [trap, 1] })).toEqual({ inner: ['something that cannot be read', 1] });
});
