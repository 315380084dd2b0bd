import fc from 'fast-check';
import { expect, it } from 'vitest';
import { median, quantile, spread } from '../../bench/statistics.ts';

const values = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 30 });

it('a median has no more values below it than above it, whatever their order', () => {
  fc.assert(
    fc.property(values, (some) => {
      const middle = median(some);
      const below = some.filter((value) => value < middle).length;
      const above = some.filter((value) => value > middle).length;
      expect(Math.max(below, above)).toBeLessThanOrEqual(some.length / 2);
      expect(median([...some].reverse())).toBe(middle);
    }),
  );
});

it('a median of two is their mean, and of none there is none', () => {
  expect(median([1, 2])).toBe(1.5);
  expect(median([])).toBeNaN();
});

it('a quantile is the least value that its share does not exceed', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (some, share) => {
      const found = quantile(some, share);
      expect(some).toContain(found);
      expect(some.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * some.length);
      expect(some.filter((value) => value < found).length).toBeLessThan(share * some.length);
    }),
  );
});

it('values that are all the same have no spread', () => {
  expect(spread([3, 3, 3])).toBe(0);
  expect(spread([5, 10, 15])).toBe(1);
  expect(spread([1, 9, 10, 11, 99])).toBe(0.2);
});
