import { show } from '../config/mistakes.ts';
import type { Distribution } from '../core/histogram.ts';
import { invalidOption } from '../core/sluice-error.ts';

/** The upper limits of the buckets of a histogram, in seconds: three per decade from 10 µs to 100 s. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
  1, 2.5, 5, 10, 25, 50, 100,
];
/** Durations are measured in whole microseconds, and those above 2,147 s count as that. */
const [SECONDS_MIN, SECONDS_MAX] = [0.000_001, 2_147];
/** Each one is a series of every channel, and what is recorded is hardly finer. */
const BUCKETS_MAX = 200;

/**
 * How many of the durations are in each bucket; the last count is of those above all limits. The recorded buckets are
 * narrower. One that has a limit within is on the side of its middle, so a duration that is at most 6.25 % off a limit may
 * be on the other side of it. The same one is always on the same side, so counts of several histograms add up.
 */
export function bucketCounts({ buckets }: Distribution, limits: readonly number[]): number[] {
  const counts = new Array<number>(limits.length + 1).fill(0);
  let at = 0;
  for (const { ms, count } of buckets) {
    while (ms / 1_000 > (limits[at] ?? Number.POSITIVE_INFINITY)) at += 1;
    counts[at] = (counts[at] ?? 0) + count;
  }
  return counts;
}

/** A copy of the limits. Throws `SluiceError` `invalid-option` for those that no histogram can have. */
export function checkBuckets(functionName: string, limits: readonly number[]): readonly number[] {
  const refuse = (what: string): never => {
    throw invalidOption(`${functionName}: buckets must ${what}`);
  };
  if (!Array.isArray(limits) || limits.length === 0 || limits.length > BUCKETS_MAX)
    refuse(`be a list of 1 to ${BUCKETS_MAX} upper limits in seconds, such as [0.01, 0.1, 1]`);
  const copy = [...limits];
  for (const [index, limit] of copy.entries()) {
    const range = `be numbers from 0.000001 to ${SECONDS_MAX}, got ${show(limit)}`;
    if (!(typeof limit === 'number' && limit >= SECONDS_MIN && limit <= SECONDS_MAX))
      refuse(`${range}; the bucket above all limits is always there`);
    if (limit <= Number(copy[index - 1])) refuse(`rise, got ${limit} after ${copy[index - 1]}`);
  }
  return copy;
}
