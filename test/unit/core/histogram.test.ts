import { expect, test } from 'vitest';
import { distributionBetween, Histogram } from '../../../src/core/histogram.ts';

const NOTHING = { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0, sumMs: 0, buckets: [] };

test('the durations between two readings have their own percentiles, and reading changes neither', () => {
  const histogram = new Histogram();
  histogram.record(500);
  const before = histogram.distribution();
  expect(before).toMatchObject({ count: 1, maxMs: 500, buckets: [{ ms: 507.9035, count: 1 }] });
  for (let times = 0; times < 10; times += 1) histogram.record(2);
  const after = histogram.distribution();
  expect(distributionBetween(before, after)).toMatchObject({ count: 10, p50Ms: 1.9835, maxMs: 1.9835, sumMs: 20 });
  expect(distributionBetween(after, histogram.distribution())).toEqual(NOTHING);
  expect(histogram.distribution()).toMatchObject({ count: 11, maxMs: 500 });
  histogram.record(600);
  expect(distributionBetween(after, histogram.distribution())).toMatchObject({ count: 1, maxMs: 600 });
});

test('below 16 microseconds nothing is rounded but to whole microseconds', () => {
  for (let micros = 0; micros < 16; micros += 1) {
    const histogram = new Histogram();
    histogram.record(micros / 1_000);
    histogram.record(1);
    expect(histogram.distribution().p50Ms).toBe(micros / 1_000);
  }
});
