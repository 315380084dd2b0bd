import type { WindowLimits } from './breaker-window.ts';

/** When a breaker opens, for how long, and how it closes again. */
export interface BreakerLimits {
  readonly window: WindowLimits;
  /** Below so many calls in the window there are no rates, and nothing opens. */
  readonly minimumCalls: number;
  /** Opens when at least this share of the calls failed, from 0 to 1. */
  readonly failureRate: number;
  /** A call that takes so long is slow, in milliseconds; a probe that does has failed. */
  readonly slowCallMs: number;
  /** Opens when at least this share of the calls was slow, from 0 to 1; calls that are still out count by their age. */
  readonly slowCallRate: number;
  /** How long it stays open the first time, in milliseconds; each time in a row twice as long, by chance down to the half. */
  readonly coolDownMs: number;
  /** No cool-down is longer than this, in milliseconds. */
  readonly coolDownMsMax: number;
  /** So many successful probes in a row close it. */
  readonly probes: number;
  /** Counts and never opens by itself: shows in `wouldBeOpen` what the limits would do. */
  readonly observeOnly: boolean;
}

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
  /** The sink asked not to be tried until then, in ms on the clock. Must not throw. */
  sinkRests?(until: number): void;
}
