import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distributionBetween, Histogram } from '../../src/core/histogram.ts';

const duration = fc.oneof(
  fc.double({ min: 0, max: 2_000_000, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const durations = fc.array(duration, { minLength: 1, maxLength: 500 });

function exactPercentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
}

test('a percentile is at most 6.25 % and half a microsecond off, and the maximum is exact', () => {
  fc.assert(
    fc.property(durations, (all) => {
      const histogram = new Histogram();
      for (const ms of all) histogram.record(ms);
      const sorted = all.toSorted((a, b) => a - b);
      const { count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = histogram.distribution();
      expect([count, maxMs]).toEqual([all.length, sorted.at(-1)]);
      for (const [index, told] of [p50Ms, p90Ms, p99Ms, p999Ms].entries()) {
        const exact = exactPercentile(sorted, [0.5, 0.9, 0.99, 0.999][index] ?? Number.NaN);
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.0625 + 0.000_6);
        expect(told).toBeLessThanOrEqual(maxMs);
      }
    }),
  );
});

test('what came between two readings is what a histogram of its own says, but for the middle of a bucket as the maximum', () => {
  fc.assert(
    fc.property(durations, fc.option(durations), (earlier, later) => {
      const [whole, alone] = [new Histogram(), new Histogram()];
      for (const ms of earlier) whole.record(ms);
      const before = whole.distribution();
      for (const ms of later ?? []) {
        whole.record(ms);
        alone.record(ms);
      }
      const after = whole.distribution();
      const between = distributionBetween(before, after);
      const expected = alone.distribution();
      expect(between.buckets).toEqual(expected.buckets);
      expect(between.count).toBe(expected.count);
      for (const of of ['p50Ms', 'p90Ms', 'p99Ms', 'p999Ms', 'maxMs'] as const)
        expect(Math.abs(between[of] - expected[of])).toBeLessThanOrEqual(expected[of] * 0.0625 + 0.000_6);
      if (expected.maxMs > before.maxMs) expect(between).toEqual(expected);
      expect(distributionBetween(undefined, after)).toEqual(after);
    }),
  );
});

test('the differences of readings in a row add up to the last one', () => {
  fc.assert(
    fc.property(fc.array(durations, { maxLength: 6 }), (parts) => {
      const histogram = new Histogram();
      let before = histogram.distribution();
      const differences = parts.map((part) => {
        for (const ms of part) histogram.record(ms);
        const after = histogram.distribution();
        const difference = distributionBetween(before, after);
        before = after;
        return difference;
      });
      expect(differences.reduce((sum, { count }) => sum + count, 0)).toBe(before.count);
      expect(distributionBetween(before, histogram.distribution())).toMatchObject({ count: 0, maxMs: 0, buckets: [] });
    }),
  );
});

test('it is the same in whatever order durations come, those that repeat together or apart', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.double(), fc.nat(30)), { maxLength: 40 }), (all) => {
      const [together, apart] = [new Histogram(), new Histogram()];
      for (const [ms, times] of all) for (let left = times; left > 0; left -= 1) together.record(ms);
      for (let round = 0; round < 30; round += 1) for (const [ms, times] of all) if (round < times) apart.record(ms);
      expect(together.distribution()).toEqual(apart.distribution());
    }),
  );
});

test('whatever is recorded, percentiles rise, none is above the maximum, and that is at most 2,147,483 ms', () => {
  const anything = fc.array(fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, Number.POSITIVE_INFINITY)));
  fc.assert(
    fc.property(anything, (all) => {
      const histogram = new Histogram();
      for (const ms of all) histogram.record(ms);
      const { count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = histogram.distribution();
      const rising = [0, p50Ms, p90Ms, p99Ms, p999Ms, maxMs, 2_147_483];
      expect(rising).toEqual(rising.toSorted((a, b) => a - b));
      expect(count).toBe(all.length);
    }),
  );
});
