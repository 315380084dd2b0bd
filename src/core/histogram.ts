import type { CallTimes } from './call-times.ts';

const MS_MAX = 2_147_483;
const BUCKETS_PER_OCTAVE = 8;
/** What a histogram has before its first record. */
const NOTHING: number[][] = [];

/** What is known of many durations, in milliseconds; all 0 when there were none. */
export interface Distribution {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** All of them added up, each rounded to whole microseconds. */
  readonly sumMs: number;
  /** All of them by length, shortest first; buckets that are empty are left out. */
  readonly buckets: readonly Bucket[];
}

/** Durations of about the same length. */
export interface Bucket {
  /** The middle of the bucket, in milliseconds; what is in it is at most 6.25 % off. */
  readonly ms: number;
  readonly count: number;
}

/**
 * Durations in logarithmic buckets, eight per octave. A percentile is the middle of the bucket that holds it, so it is at
 * most 6.25 % off (and half a microsecond of rounding); the maximum is exact. What is negative or not a number counts as
 * 0, what is longer than 2,147,483 ms (35 minutes) as that. Has memory for the octaves that it met.
 */
export class Histogram {
  /** The counts of their buckets. Microseconds below 8 have a bucket each, then come the octaves from 2^3 to 2^30. */
  private octaves = NOTHING;
  private lastMs = Number.NaN;
  private repeats = 0;
  private maxMs = 0;
  /** In microseconds, so that the sum is exact and does not depend on the order of records. */
  private sumMicros = 0;

  record(ms: number, times = 1): void {
    if (ms !== this.lastMs) this.next(ms);
    this.repeats += times;
  }

  /** Records how long a call took; like `recordWait`, not by a number, which V8 would put into a box. */
  recordCall({ durationMs }: CallTimes): void {
    if (durationMs !== this.lastMs) this.next(durationMs);
    this.repeats += 1;
  }

  recordWait({ ageMs }: CallTimes): void {
    if (ageMs !== this.lastMs) this.next(ageMs);
    this.repeats += 1;
  }

  /** Durations that repeat, as they do where readings of the clock are shared, go into their bucket together. */
  private next(ms: number): void {
    if (this.repeats > 0) this.sum();
    this.repeats = 0;
    this.lastMs = ms;
  }

  private sum(): void {
    const duration = this.lastMs > 0 ? Math.min(this.lastMs, MS_MAX) : 0;
    const micros = Math.round(duration * 1_000);
    const bucket = bucketOf(micros);
    this.sumMicros += micros * this.repeats;
    const place = bucket % BUCKETS_PER_OCTAVE;
    const octave = (bucket - place) / BUCKETS_PER_OCTAVE;
    // Of that length: an array that grows when it is written to has room for twenty more.
    if (octave >= this.octaves.length) this.octaves = this.octaves.concat(new Array(octave + 1 - this.octaves.length));
    const counts = this.octaves[octave] ?? new Array<number>(BUCKETS_PER_OCTAVE).fill(0);
    counts[place] = (counts[place] ?? 0) + this.repeats;
    this.octaves[octave] = counts;
    if (duration > this.maxMs) this.maxMs = duration;
  }

  /** Everything since the start. */
  distribution(): Distribution {
    this.next(this.lastMs);
    const buckets: Bucket[] = [];
    this.octaves.forEach((counts, octave) => {
      for (const [place, count] of counts.entries())
        if (count > 0) buckets.push({ ms: middleMs(octave * BUCKETS_PER_OCTAVE + place), count });
    });
    return summary(buckets, this.maxMs, this.sumMicros / 1_000);
  }
}

/**
 * The durations that came between two readings of one histogram; without the earlier one, all of them. The maximum is exact
 * if it is that of the whole, and otherwise the middle of its bucket.
 */
export function distributionBetween(before: Distribution | undefined, after: Distribution): Distribution {
  if (before === undefined) return after;
  const earlier = new Map(before.buckets.map(({ ms, count }) => [ms, count]));
  const buckets = after.buckets
    .map(({ ms, count }) => ({ ms, count: count - (earlier.get(ms) ?? 0) }))
    .filter(({ count }) => count > 0);
  const longest = Math.min(buckets.at(-1)?.ms ?? 0, after.maxMs);
  const sumMicros = Math.round(after.sumMs * 1_000) - Math.round(before.sumMs * 1_000);
  return summary(buckets, after.maxMs > before.maxMs ? after.maxMs : longest, sumMicros / 1_000);
}

function bucketOf(micros: number): number {
  if (micros < BUCKETS_PER_OCTAVE) return micros;
  const octave = 31 - Math.clz32(micros);
  return (octave - 2) * BUCKETS_PER_OCTAVE + ((micros >>> (octave - 3)) & (BUCKETS_PER_OCTAVE - 1));
}

function middleMs(bucket: number): number {
  if (bucket < BUCKETS_PER_OCTAVE) return bucket / 1_000;
  const width = 2 ** (Math.floor(bucket / BUCKETS_PER_OCTAVE) - 1);
  const lowest = (BUCKETS_PER_OCTAVE + (bucket % BUCKETS_PER_OCTAVE)) * width;
  return (lowest + (width - 1) / 2) / 1_000;
}

function summary(buckets: readonly Bucket[], maxMs: number, sumMs: number): Distribution {
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  // The smallest duration that at least this share of all did not exceed.
  const percentile = (share: number): number => {
    const rank = Math.max(1, Math.ceil(share * count));
    let passed = 0;
    const bucket = buckets.find((each) => {
      passed += each.count;
      return passed >= rank;
    });
    return bucket === undefined ? 0 : Math.min(bucket.ms, maxMs);
  };
  return {
    count,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p99Ms: percentile(0.99),
    p999Ms: percentile(0.999),
    maxMs,
    sumMs,
    buckets,
  };
}
