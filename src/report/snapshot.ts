import type { BreakerMetrics, ChannelMetrics } from '../channel/channel-metrics.ts';
import type { ChannelView } from '../channel/partition-view.ts';
import type { Breaker } from '../core/breaker.ts';
import { Counter } from '../core/counters.ts';
import { addLedgers, countLedger, isConserved, type Ledger } from '../core/ledger.ts';
import { channelHealth } from './explain.ts';
import { type RouterHealth, worstState, worstStatus } from './health.ts';
import type { RouterMetrics } from './metrics.ts';
import { reasonsOf } from './reasons.ts';

/** What reports read of a router. */
export interface RouterView {
  readonly channels: ReadonlyMap<string, ChannelView>;
  /** The counts of channels that were taken out. */
  readonly removed: Ledger;
  readonly unroutable: number;
  readonly deadLetters: { readonly size: number; readonly evicted: number };
  readonly faults: RouterMetrics['faults'];
}

/** Everything measured of a router, as a plain snapshot. */
export function routerMetrics({ channels, deadLetters, faults, removed, unroutable }: RouterView): RouterMetrics {
  const metrics = Object.fromEntries([...channels].map(([name, channel]) => [name, channelMetrics(channel)]));
  const all = Object.values(metrics);
  const total = addLedgers([removed, ...all]);
  return {
    received: total.received + unroutable,
    unroutable,
    conserved: isConserved(total) && all.every(isConserved),
    channels: metrics,
    deadLetters: { stored: deadLetters.size, evicted: deadLetters.evicted },
    faults,
  };
}

/** The health at `now` of a router in this state of its statechart. */
export function routerHealth({ channels }: Pick<RouterView, 'channels'>, state: string, now: number): RouterHealth {
  const health = Object.fromEntries([...channels].map(([name, channel]) => [name, channelHealth(channel, now)]));
  const worst = worstStatus(Object.values(health).map(({ status }) => status));
  const ready = state === 'running' || state === 'degraded';
  const live = state !== 'failed' && state !== 'stopped';
  return { status: ready ? worst : 'unhealthy', state, live, ready, channels: health };
}

/** Sums the partitions of a channel into one snapshot. */
export function channelMetrics({ breaker, partitions, processing, queueing }: ChannelView): ChannelMetrics {
  const views = partitions.map(({ view }) => view);
  const sum = (index: (typeof Counter)[keyof typeof Counter]): number =>
    views.reduce((total, { counters }) => total + counters[index], 0);
  const depth = views.reduce((total, { waiting }) => total + waiting, 0);
  return {
    state: worstState(views.map(({ state }) => state)),
    ...reasonsOf(sum),
    ...countLedger(sum, depth),
    late: sum(Counter.late),
    calls: sum(Counter.calls),
    failures: sum(Counter.failures),
    retries: sum(Counter.retries),
    processing: processing.distribution(),
    queueing: queueing.distribution(),
    depth,
    restarts: sum(Counter.restarts),
    breaker: breaker === undefined ? null : breakerMetrics(breaker),
  };
}

function breakerMetrics(breaker: Breaker): BreakerMetrics {
  const { state, opened, wouldBeOpen } = breaker;
  return { state, opened, wouldBeOpen, rates: breaker.rates() };
}
