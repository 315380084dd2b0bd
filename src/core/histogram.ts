const MS_MAX = 2_147_483;
const BUCKETS_PER_OCTAVE = 8;
// Microseconds below 8 have a bucket each, then come the octaves from 2^3 to 2^30.
const BUCKETS = BUCKETS_PER_OCTAVE * 29;

/** What is known of many durations, in milliseconds; all 0 when there were none. */
export interface Distribution {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/**
 * Durations in logarithmic buckets, eight per octave. A percentile is the middle of the bucket that holds it, so it is at
 * most 6.25 % off (and half a microsecond of rounding); the maximum is exact. What is negative or not a number counts as
 * 0, what is longer than 2,147,483 ms (35 minutes) as that. Holds no memory before the first record.
 */
export class Histogram {
  private counts: Float64Array | undefined;
  private lastMs = Number.NaN;
  private repeats = 0;
  private countsBefore: Float64Array | undefined;
  private maxMs = 0;
  private windowMaxMs = 0;

  record(ms: number, times = 1): void {
    if (ms !== this.lastMs) this.sum(ms);
    this.repeats += times;
  }

  /** Durations that repeat, as they do where readings of the clock are shared, go into their bucket together. */
  private sum(nextMs = this.lastMs): void {
    if (this.repeats > 0) {
      const duration = this.lastMs > 0 ? Math.min(this.lastMs, MS_MAX) : 0;
      this.counts ??= new Float64Array(BUCKETS);
      const bucket = bucketOf(Math.round(duration * 1_000));
      this.counts[bucket] = (this.counts[bucket] ?? 0) + this.repeats;
      this.maxMs = Math.max(this.maxMs, duration);
      this.windowMaxMs = Math.max(this.windowMaxMs, duration);
    }
    this.repeats = 0;
    this.lastMs = nextMs;
  }

  /** Everything since the start. */
  distribution(): Distribution {
    this.sum();
    return summary(this.counts ?? new Float64Array(), this.maxMs);
  }

  /** Everything since the last call of `window` that did not only peek. */
  window(peek = false): Distribution {
    this.sum();
    const counts = this.counts ?? new Float64Array();
    const before = this.countsBefore;
    const distribution = summary(before === undefined ? counts : difference(counts, before), this.windowMaxMs);
    if (peek) return distribution;
    this.countsBefore = distribution.count === 0 ? before : counts.slice();
    this.windowMaxMs = 0;
    return distribution;
  }
}

function difference(counts: Float64Array, before: Float64Array): Float64Array {
  return counts.map((count, bucket) => count - (before[bucket] ?? 0));
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

function summary(counts: Float64Array, maxMs: number): Distribution {
  const count = counts.reduce((sum, inBucket) => sum + inBucket, 0);
  // The smallest duration that at least this share of all did not exceed.
  const percentile = (share: number): number => {
    const rank = Math.max(1, Math.ceil(share * count));
    let passed = 0;
    const bucket = counts.findIndex((inBucket) => {
      passed += inBucket;
      return passed >= rank;
    });
    return bucket < 0 ? 0 : Math.min(middleMs(bucket), maxMs);
  };
  return {
    count,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p99Ms: percentile(0.99),
    p999Ms: percentile(0.999),
    maxMs,
  };
}
