import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { Clock } from '../core/clock.ts';
import type { ClusterView } from '../core/cluster-view.ts';
import { type Distribution, distributionBetween } from '../core/histogram.ts';
import { type ChannelReading, channelsOf, type Reading } from '../metrics/reading.ts';
import type { FeedReading } from '../report/feed-info.ts';
import type { HealthStatus } from '../report/health.ts';
import type { SourceMetrics } from '../report/source-metrics.ts';
import type { DataChannelRouter } from '../router/router.ts';
import type { ChannelRow, FeedRow, Frame, SourceRow, Spread } from './protocol.ts';
import { toneOf } from './tone.ts';

/** Everything the page shows about this moment; durations are those since an earlier reading, or since the start. */
export function takeFrame(router: DataChannelRouter, clock: Clock, reading: Reading, before?: Reading): Frame {
  const { metrics, health } = reading;
  const { received, unroutable, ignored, conserved, deadLetters } = metrics;
  return {
    at: clock.wallTime(),
    state: health.state,
    status: health.status,
    ...{ received, unroutable, ignored, conserved, deadLetters },
    faults: Object.values(metrics.faults).reduce((sum, count) => sum + count, 0),
    alerts: router.alerts,
    channels: channelsOf(reading).map(([name, channel]) =>
      rowOf(router, name, channel, before?.metrics.channels[name]),
    ),
    sources: Object.entries(metrics.sources).map(([name, source]) =>
      sourceRowOf(router, name, source, health.sources[name]?.status),
    ),
    feeds: Object.entries(metrics.feeds).map(([name, feed]) =>
      feedRowOf(router, name, feed, health.feeds[name]?.status),
    ),
  };
}

/** The sources that share their partitions with other processes, by name. */
export function clustersOf({ metrics }: Reading): Readonly<Record<string, ClusterView>> {
  return Object.fromEntries(
    Object.entries(metrics.sources).flatMap(([name, { cluster }]) => (cluster === undefined ? [] : [[name, cluster]])),
  );
}

function sourceRowOf(
  router: DataChannelRouter,
  name: string,
  { cluster: _, ...metrics }: SourceMetrics,
  status: HealthStatus | undefined,
): SourceRow {
  const { sentence, sinceMs } = router.explain(name);
  const { oldestMs, state } = metrics;
  // One that is read may hold a frame for too long.
  const tone = status === 'degraded' ? 'wait' : toneOf(state);
  return { ...metrics, name, tone, sinceMs, sentence, oldestMs: oldestMs > 0 ? oldestMs : null };
}

function feedRowOf(
  router: DataChannelRouter,
  name: string,
  reading: FeedReading,
  status: HealthStatus | undefined,
): FeedRow {
  const { sentence, sinceMs } = router.explain(name);
  const tone = toneOf(reading.state);
  // One that streams may have an alert.
  return { ...reading, name, tone: tone === 'good' && status !== 'healthy' ? 'wait' : tone, sinceMs, sentence };
}

function rowOf(
  router: DataChannelRouter,
  name: string,
  metrics: ChannelReading,
  before: ChannelMetrics | undefined,
): ChannelRow {
  const { sentence, sinceMs } = router.explain(name);
  const states: Record<string, number> = {};
  for (const { state } of router.channels.get(name)?.partitions ?? []) states[state] = (states[state] ?? 0) + 1;
  const { state, depth, capacity, inFlight, oldestAgeMs, breaker } = metrics;
  const { received, rejected, delivered, deadLettered, retries, restarts } = metrics;
  return {
    ...{ name, state, states, tone: toneOf(state), sinceMs, sentence, breaker },
    ...{ depth, capacity, inFlight, oldestMs: oldestAgeMs > 0 ? oldestAgeMs : null },
    ...{ received, rejected, delivered, deadLettered, retries, restarts },
    shed: metrics.dropped + metrics.conflated,
    queueing: spreadOf(distributionBetween(before?.queueing, metrics.queueing)),
    processing: spreadOf(distributionBetween(before?.processing, metrics.processing)),
  };
}

function spreadOf({ count, p50Ms, p99Ms }: Distribution): Spread | null {
  return count === 0 ? null : { p50Ms, p99Ms };
}
