const TIME_BUCKETS = 10;
const OUTCOMES = 4;

/** How a call ended is a sum of these; 0: well, and in time. */
export const FAILED = 1;
/** See FAILED: a call may have failed and been slow as well. */
export const SLOW = 2;

/** What a breaker looks back on: so many calls, or so many milliseconds. */
export type WindowLimits = { readonly count: number } | { readonly ms: number };

const NOTHING = { calls: 0, failures: 0, slow: 0 };
/** What the window holds. */
type WindowTotals = typeof NOTHING;

/** Is told how often one outcome came at about one time. */
type Visitor = (outcome: number, at: number, times: number) => void;

/** The recent outcomes of a breaker. */
export interface BreakerWindow {
  /** True: it is full of successes, and one more would change nothing. */
  record(outcome: number, at: number, times?: number): boolean;
  totals(now: number): WindowTotals;
  clear(): void;
  /** Goes through what is in here, oldest first. */
  visit(now: number, visitor: Visitor): void;
}

/** An empty window. */
export function createBreakerWindow(limits: WindowLimits): BreakerWindow {
  return 'count' in limits ? new CountWindow(limits.count) : new TimeWindow(limits.ms);
}

/** The last `count` outcomes, in a ring, with running totals. */
class CountWindow implements BreakerWindow, WindowTotals {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #count: number;
  /** Undefined: all of them went well. */
  #outcomes: Uint8Array | undefined;
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  record(outcome: number, _at: number, times = 1): boolean {
    const slots = this.#count;
    if (outcome !== 0) this.#outcomes ??= new Uint8Array(slots);
    for (let left = Math.min(times, slots); left > 0; left -= 1) {
      if (this.calls === slots) tally(this, this.#outcomes?.[this.#next] ?? 0, -1);
      if (this.#outcomes !== undefined) this.#outcomes[this.#next] = outcome;
      tally(this, outcome, 1);
      this.#next = (this.#next + 1) % slots;
    }
    return this.calls === slots && this.failures + this.slow === 0;
  }

  totals(): WindowTotals {
    const { calls, failures, slow } = this;
    return { calls, failures, slow };
  }

  clear(): void {
    Object.assign(this, NOTHING);
  }

  visit(now: number, visitor: Visitor): void {
    for (let back = this.calls; back > 0; back -= 1)
      visitor(this.#outcomes?.[(this.#next - back + this.#count) % this.#count] ?? 0, now, 1);
  }
}

/**
 * The outcomes of the last `ms` milliseconds, in ten buckets. A bucket leaves by time, whether or not calls come: after an
 * idle hour nothing is left. An outcome counts for nine to ten tenths of the window.
 */
class TimeWindow implements BreakerWindow {
  readonly #bucketMs: number;
  /** The number of the bucket that a slot holds now. */
  readonly #buckets = new Float64Array(TIME_BUCKETS).fill(Number.NEGATIVE_INFINITY);
  readonly #counts = new Float64Array(TIME_BUCKETS * OUTCOMES);

  constructor(ms: number) {
    this.#bucketMs = ms / TIME_BUCKETS;
  }

  record(outcome: number, at: number, times = 1): boolean {
    const bucket = Math.floor(at / this.#bucketMs);
    const slot = slotOf(bucket);
    const present = this.#buckets[slot] ?? bucket;
    if (bucket < present) return false;
    if (bucket > present) {
      this.#buckets[slot] = bucket;
      this.#counts.fill(0, slot * OUTCOMES, (slot + 1) * OUTCOMES);
    }
    const index = slot * OUTCOMES + outcome;
    this.#counts[index] = (this.#counts[index] ?? 0) + times;
    return false;
  }

  totals(now: number): WindowTotals {
    const totals = { ...NOTHING };
    this.visit(now, (outcome, _at, times) => tally(totals, outcome, times));
    return totals;
  }

  clear(): void {
    this.#buckets.fill(Number.NEGATIVE_INFINITY);
    this.#counts.fill(0);
  }

  visit(now: number, visitor: Visitor): void {
    const newest = Math.floor(now / this.#bucketMs);
    for (let bucket = newest - TIME_BUCKETS + 1; bucket <= newest; bucket += 1) {
      const slot = slotOf(bucket);
      if (this.#buckets[slot] !== bucket) continue;
      // Not its beginning, which a rounded product can put into the bucket before.
      const at = Math.min(now, (bucket + 0.5) * this.#bucketMs);
      for (let outcome = 0; outcome < OUTCOMES; outcome += 1)
        visitor(outcome, at, this.#counts[slot * OUTCOMES + outcome] ?? 0);
    }
  }
}

/** Clocks may start below zero, and so may buckets. */
function slotOf(bucket: number): number {
  return ((bucket % TIME_BUCKETS) + TIME_BUCKETS) % TIME_BUCKETS;
}

function tally(totals: WindowTotals, outcome: number, times: number): void {
  totals.calls += times;
  if ((outcome & FAILED) !== 0) totals.failures += times;
  if ((outcome & SLOW) !== 0) totals.slow += times;
}
