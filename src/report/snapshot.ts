import type { Breaker } from '../core/breaker.ts';
import { Counter } from '../core/counters.ts';
import { addLedgers, isConserved } from '../core/ledger.ts';
import type { Channel } from '../router/channel.ts';
import type { Core } from '../router/core.ts';
import { ledgerOf } from './drain-report.ts';
import { channelHealth } from './explain.ts';
import { type RouterHealth, worstState, worstStatus } from './health.ts';
import type { BreakerMetrics, ChannelMetrics, RouterMetrics } from './metrics.ts';
import { reasonsOf } from './reasons.ts';

/** Everything measured of a router, as a plain snapshot. */
export function routerMetrics({ fleet, intake, deadLetters, world, removed }: Core): RouterMetrics {
  const channels = Object.fromEntries([...fleet.channels].map(([name, channel]) => [name, channel.metrics()]));
  const all = Object.values(channels);
  const total = addLedgers([removed, ...all.map(ledgerOf)]);
  return {
    received: total.received + intake.unroutable,
    unroutable: intake.unroutable,
    conserved: isConserved(total) && all.every(isConserved),
    channels,
    deadLetters: { stored: deadLetters.size, evicted: deadLetters.evicted },
    faults: world.bus.faults,
  };
}

/** The health of a router in this state of its statechart. */
export function routerHealth({ fleet }: Core, state: string): RouterHealth {
  const channels = Object.fromEntries([...fleet.channels].map(([name, channel]) => [name, channelHealth(channel)]));
  const worst = worstStatus(Object.values(channels).map(({ status }) => status));
  const ready = state === 'running' || state === 'degraded';
  return {
    status: ready ? worst : 'unhealthy',
    state,
    live: state !== 'failed' && state !== 'stopped',
    ready,
    channels,
  };
}

/** Sums the partitions of a channel into one snapshot. */
export function channelMetrics(channel: Channel): ChannelMetrics {
  const slots = channel.members.map((member) => member.slot);
  const sum = (index: (typeof Counter)[keyof typeof Counter]): number =>
    slots.reduce((total, slot) => total + slot.counters[index], 0);
  const { breaker } = channel;
  const depth = slots.reduce((total, slot) => total + slot.depth, 0);
  return {
    state: worstState(channel.members.map((member) => member.state)),
    ...reasonsOf(sum),
    received: sum(Counter.accepted) + sum(Counter.rejected),
    accepted: sum(Counter.accepted),
    rejected: sum(Counter.rejected),
    delivered: sum(Counter.delivered),
    deadLettered: sum(Counter.deadLettered),
    dropped: sum(Counter.dropped),
    conflated: sum(Counter.conflated),
    returned: sum(Counter.returned),
    buffered: depth,
    inFlight: sum(Counter.inFlight),
    late: sum(Counter.late),
    calls: sum(Counter.calls),
    failures: sum(Counter.failures),
    retries: sum(Counter.retries),
    processing: channel.processing.distribution(),
    queueing: channel.queueing.distribution(),
    depth,
    restarts: sum(Counter.restarts),
    breaker: breaker === undefined ? null : breakerMetrics(breaker),
  };
}

function breakerMetrics(breaker: Breaker): BreakerMetrics {
  const { state, opened, wouldBeOpen } = breaker;
  return { state, opened, wouldBeOpen, rates: breaker.rates() };
}
