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
export class StateLog implements Stay {
  private readonly clock: Clock;
  state = 'new';
  since: number;
  cause = 'not started';
  error: unknown = undefined;
  /** Time spent by state, in ms, in stays that have ended. */
  spentMs = NOTHING;
  private countedFrom = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.since = clock.now();
  }

  /** Begins to count, or counts anew. */
  countTimes(): void {
    this.spentMs = {};
    this.countedFrom = this.clock.now();
  }

  enter(state: string, cause: string, error: unknown): void {
    const now = this.clock.now();
    const { spentMs, state: from } = this;
    const spent = (spentMs[from] ?? 0) + now - Math.max(this.since, this.countedFrom);
    if (spentMs !== NOTHING) this.spentMs = { ...spentMs, [from]: spent };
    this.state = state;
    this.since = now;
    this.cause = cause;
    this.error = error;
  }
}
