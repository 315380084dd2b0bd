/** `half-open`: a few calls may find out whether the sink works again. */
export type BreakerState = 'closed' | 'open' | 'half-open';
/** Why a breaker changed its state. */
export type BreakerCause =
  | 'failure-rate'
  | 'slow-call-rate'
  | 'cool-down'
  | 'probe-failed'
  | 'probes-passed'
  | 'operator';

/** The rates of the window; null: too few calls to tell. */
export interface BreakerRates {
  readonly calls: number;
  readonly failureRate: number | null;
  readonly slowCallRate: number | null;
}

/** A breaker went from one state to another. */
export interface BreakerChange {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly cause: BreakerCause;
  readonly rates: BreakerRates;
}

/** Makes calls, one at a time. */
export interface Caller {
  /** The epoch in which the call that is out began; -1: none is out, or its outcome was reported. */
  readonly epoch: number;
  /** When the call that is out began, on the clock. */
  readonly startedAt: number;
}

/** Uses a breaker. */
export interface BreakerUser {
  readonly callers: readonly Caller[];
  /** Must not throw. */
  breakerChanged(change: BreakerChange): void;
  /** The cool-down ends sooner than was known. Must not throw. */
  coolDownShortened?(): void;
}
