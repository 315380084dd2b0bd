import type { BreakerChange } from './breaker.ts';

/** Who makes calls, one at a time. */
export interface Caller {
  /** Set by the breaker: the epoch that admitted the call which is out; -1: none is, or it has been told of. */
  epoch: number;
  /** When the call that is out began, on the clock. */
  readonly startedAt: number;
}

/** Who uses a breaker. */
export interface BreakerUser {
  readonly callers: readonly Caller[];
  /** Must not throw. */
  breakerChanged(change: BreakerChange): void;
}
