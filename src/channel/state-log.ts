import type { Clock } from '../core/clock.ts';

/** One stay in a state: since when, in ms on the clock, and what led into it. */
export interface Stay {
  readonly state: string;
  readonly since: number;
  readonly cause: string;
  readonly error: unknown;
}

/** The present state of a partition, and where its time goes from `countTimes` on. */
export class StateLog {
  private readonly clock: Clock;
  stay: Stay;
  /** Undefined: it is not counted. */
  private spent: Record<string, number> | undefined;
  private countedFrom = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.stay = { state: 'new', since: clock.now(), cause: 'not started', error: undefined };
  }

  /** Time spent by state, in ms, in stays that have ended. */
  get spentMs(): Readonly<Record<string, number>> {
    return this.spent ?? {};
  }

  /** Begins to count, or counts anew. */
  countTimes(): void {
    this.spent = {};
    this.countedFrom = this.clock.now();
  }

  enter(state: string, cause: string, error: unknown): void {
    const now = this.clock.now();
    const { state: from, since } = this.stay;
    const { spent } = this;
    if (spent !== undefined) spent[from] = (spent[from] ?? 0) + now - Math.max(since, this.countedFrom);
    this.stay = { state, since: now, cause, error };
  }
}
