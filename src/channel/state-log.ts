import type { Clock } from '../core/clock.ts';

/** One stay in a state: since when, in ms on the clock, and what led into it. */
export interface Stay {
  readonly state: string;
  readonly since: number;
  readonly cause: string;
  readonly error: unknown;
}

/** Nobody counts. */
const NOTHING: Readonly<Record<string, number>> = Object.freeze({});

/** The present state of a partition, and where its time goes from `countTimes` on. */
export class StateLog {
  private readonly clock: Clock;
  stay: Stay;
  /** Time spent by state, in ms, in stays that have ended. */
  spentMs = NOTHING;
  private countedFrom = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.stay = { state: 'new', since: clock.now(), cause: 'not started', error: undefined };
  }

  /** Begins to count, or counts anew. */
  countTimes(): void {
    this.spentMs = {};
    this.countedFrom = this.clock.now();
  }

  enter(state: string, cause: string, error: unknown): void {
    const now = this.clock.now();
    const { state: from, since } = this.stay;
    const { spentMs } = this;
    const spent = (spentMs[from] ?? 0) + now - Math.max(since, this.countedFrom);
    if (spentMs !== NOTHING) this.spentMs = { ...spentMs, [from]: spent };
    this.stay = { state, since: now, cause, error };
  }
}
