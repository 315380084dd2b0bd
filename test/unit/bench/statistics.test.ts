import fc from 'fast-check';
import { expect, it } from 'vitest';
import { median, quantile, spread } from '../../bench/statistics.ts';

it('a quantile is the least value that its share does not exceed', () => {
  const values = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (some, share) => {
      const found = quantile(some, share);
      expect(some).toContain(found);
      expect(some.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * some.length);
      expect(some.filter((value) => value < found).length).toBeLessThan(share * some.length);
    }),
  );
});

it('the spread is how far the quartiles lie apart, and of nothing there is no median', () => {
  expect(
    [
      [3, 3, 3],
      [5, 10, 15],
      [1, 9, 10, 11, 99],
    ].map(spread),
  ).toEqual([0, 1, 0.2]);
  expect(median([])).toBeNaN();
});
