import type { ArrivalCounts } from './arrivals.ts';
import type { GapCounts } from './gaps.ts';
import type { LinkCounts } from './link.ts';
import type { Standing } from './subscriptions.ts';
import type { TargetCounts } from './target.ts';

/** `resting`: outside its hours. `failed`: the service refused; it is asked again by `reconnect` only. */
export type FeedState =
  | 'resting'
  | 'connecting'
  | 'authenticating'
  | 'subscribing'
  | 'streaming'
  | 'waiting'
  | 'failed'
  | 'stopped';

/** Everything a feed counts, from its start. `received` is `delivered`, `refused`, `ignored`, `dropped`, `held`, `returned` and `repeatedDropped` together. */
export interface FeedMetrics extends LinkCounts, ArrivalCounts, TargetCounts {
  readonly gaps: GapCounts;
  /** Attempts that failed since messages last came for a stable while. */
  readonly failures: number;
  /** How often a callback of the host, or a function of the profile, threw. */
  readonly faults: number;
  /** Whether what was received is accounted for. */
  readonly conserved: boolean;
}

/** One feed at one moment. Holds no credentials. */
export interface FeedView {
  readonly name: string;
  readonly profile: string;
  /** Without what stands behind its path. */
  readonly url: string;
  readonly state: FeedState;
  /** The event that led into the state, and what it said. */
  readonly cause: string;
  readonly error: unknown;
  /** How long it has been in it. */
  readonly forMs: number;
  /** Null: it is not `waiting`. */
  readonly retryInMs: number | null;
  /** Since when no frame has come, pings included; null: it is not `streaming`. */
  readonly quietMs: number | null;
  /** The socket is paused because nobody has room. */
  readonly isPaused: boolean;
  readonly subscriptions: Readonly<Record<string, Standing>>;
  readonly metrics: FeedMetrics;
}

export interface Counted {
  readonly link: LinkCounts;
  readonly arrivals: ArrivalCounts;
  readonly target: TargetCounts;
  readonly gaps: GapCounts;
  readonly failures: number;
  readonly faults: number;
}

export function metricsOf({ link, arrivals, target, gaps, failures, faults }: Counted): FeedMetrics {
  const { delivered, refused, ignored, dropped, held, returned } = target;
  const accounted = delivered + refused + ignored + dropped + held + returned + arrivals.repeatedDropped;
  return { ...link, ...arrivals, ...target, gaps, failures, faults, conserved: accounted === arrivals.received };
}

/** The state in one word: the inner one of `active`, which only groups states. */
export function stateIn(value: unknown): FeedState {
  if (typeof value === 'string') return value as FeedState; // The states of the chart are the ones of the type.
  const inner: unknown = Object.values(value as object)[0];
  return (typeof inner === 'string' ? inner : Object.keys(inner as object)[0]) as FeedState; // As above.
}
