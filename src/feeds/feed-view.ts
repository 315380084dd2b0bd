import type { FeedMetrics, FeedState } from '../core/supervised-feed.ts';
import type { ArrivalCounts } from './arrivals.ts';
import type { LinkCounts } from './link.ts';
import type { TargetCounts } from './target.ts';

export interface Counted {
  readonly link: LinkCounts;
  readonly arrivals: ArrivalCounts;
  readonly target: TargetCounts;
  readonly gaps: FeedMetrics['gaps'];
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
