import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sizeOf } from '../../src/core/size-of.ts';

it('anything has a size, also what refers to itself, and a longer string a larger one', () => {
  const odd = fc.anything({ withMap: true, withSet: true, withTypedArray: true, withSparseArray: true });
  fc.assert(fc.property(odd, (value) => void expect(sizeOf(value)).toBeGreaterThan(0)));
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (text, more) => {
      expect(sizeOf({ list: [text + more] })).toBeGreaterThan(sizeOf({ list: [text] }));
    }),
  );
  const self: unknown[] = [];
  for (let count = 0; count < 1_000; count += 1) self.push(self);
  expect(sizeOf(self)).toBeGreaterThan(1_000);
});

it.each<[string, unknown, number]>([
  ['a buffer', Buffer.alloc(1_000_000), 1_000_000],
  ['a string', 'x'.repeat(1_000_000), 2_000_000],
  ['a list', Array.from({ length: 1_000_000 }, () => 1), 8_000_000],
  ['a map', new Map(Array.from({ length: 10_000 }, (_, n) => [n, n])), 560_000],
  ['an error', new Error('x'.repeat(10_000)), 40_000],
])('%s is measured within a tenth', (_what, value, bytes) => {
  expect(Math.abs(sizeOf(value) - bytes)).toBeLessThan(bytes / 10);
});

it('what throws when it is read has a size', () => {
  const trap = {
    get price(): never {
      throw new Error('no price');
    },
  };
  expect(sizeOf(trap)).toBeGreaterThan(0);
});
