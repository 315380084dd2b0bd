import type { Meter } from '@opentelemetry/api';
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import { AggregationTemporality, DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { catalog } from '../../src/metrics/catalog.ts';
import { histogramProducer, observeMetrics } from '../../src/metrics/index.ts';
import {
  createSimulatedClock,
  createTestRouter,
  failWhen,
  messages,
  simulatedSource,
  type TestRouter,
} from '../../src/testing/index.ts';
import { countedRouter } from '../support/counted-router.ts';
import { FeedRig } from '../support/feed-rig.ts';
import { filesIn, textOf } from '../support/project-files.ts';

/** The SDK's own reader, that collects when it is told to. */
class AskedReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  async read(): Promise<ReadonlyMap<string, MetricData>> {
    const { resourceMetrics, errors } = await this.collect();
    expect(errors).toEqual([]);
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
  }
}

function createMeter(metricProducers: MetricProducer[] = []): { readonly reader: AskedReader; readonly meter: Meter } {
  const reader = new AskedReader({ metricProducers });
  return { reader, meter: new MeterProvider({ readers: [reader] }).getMeter('test') };
}

function pointsOf(metric: MetricData | undefined): unknown[] {
  return metric?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value })) ?? [];
}

async function troubledRig(): Promise<TestRouter> {
  const clock = createSimulatedClock();
  const rig = await createTestRouter({
    clock,
    sources: { feed: simulatedSource({ clock }) },
    sinks: { tick: { batchSize: 4, retry: { attempts: 1 } }, fmv: { batchSize: 1 } },
  });
  const feed = new FeedRig({ to: rig.router, clock });
  rig.router.feeds.add(feed.feed);
  feed.resume().say({ sym: 'A', n: 1, at: 0, ev: 'none' });
  rig.sink('tick').otherwise = failWhen(({ n }) => n === 2);
  rig.router.routeAll(messages('tick', 8));
  await rig.advance(1_000);
  return rig;
}

it('what the SDK collects are the numbers of the router, with their units and labels', async () => {
  const { router } = await troubledRig();
  const { reader, meter } = createMeter();
  observeMetrics(router, meter);
  const metrics = await reader.read();
  const delivered = metrics.get('sluice.messages.delivered');
  expect(delivered?.descriptor).toMatchObject({ unit: '{message}', description: 'Messages processed.' });
  expect(pointsOf(delivered)).toEqual([
    { channel: 'tick', value: 7 },
    { channel: 'fmv', value: 0 },
  ]);
  expect(pointsOf(metrics.get('sluice.messages.dead_lettered'))).toContainEqual({
    channel: 'tick',
    reason: 'poison',
    value: 1,
  });
  expect(metrics.get('sluice.oldest_message.age')?.descriptor.unit).toBe('s');
});

it('the SDK collects histograms with explicit buckets, and calls of process by the name of the conventions', async () => {
  const { router } = await troubledRig();
  const { reader } = createMeter([histogramProducer(router, { labels: { router: 'eu' }, buckets: [0.001, 10] })]);
  const metrics = await reader.read();
  const calls = metrics.get('messaging.process.duration');
  expect(calls).toMatchObject({
    descriptor: { unit: 's' },
    dataPointType: DataPointType.HISTOGRAM,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  });
  const { calls: made, processing, queueing } = router.metrics().channels.tick ?? {};
  const attributes = {
    router: 'eu',
    channel: 'tick',
    'messaging.system': 'sluice',
    'messaging.operation.name': 'process',
    'messaging.destination.name': 'tick',
  };
  expect(made).toBeGreaterThan(3);
  expect(pointsOf(calls)[0]).toEqual({
    ...attributes,
    value: {
      buckets: { boundaries: [0.001, 10], counts: [made, 0, 0] },
      count: made,
      sum: Number(processing?.sumMs) / 1_000,
      max: Number(processing?.maxMs) / 1_000,
    },
  });
  expect(pointsOf(metrics.get('sluice.queueing'))).toMatchObject([
    { router: 'eu', channel: 'tick', value: { count: 8, sum: Number(queueing?.sumMs) / 1_000 } },
    { router: 'eu', channel: 'fmv', value: { count: 0, sum: 0, buckets: { counts: [0, 0, 0] } } },
  ]);
  const [point] = calls?.dataPoints ?? [];
  expect(Number(point?.startTime[0])).toBeLessThanOrEqual(Number(point?.endTime[0]));
});

it('every metric of the catalog but the histograms is an instrument; those without a value now have no point', async () => {
  const { router } = await troubledRig();
  const { reader, meter } = createMeter();
  observeMetrics(router, meter);
  const collected = new Set((await reader.read()).keys());
  const others = catalog.filter(({ type }) => type !== 'histogram');
  const missing = others.map(({ name }) => `sluice.${name}`).filter((name) => !collected.has(name));
  // Too few calls to tell a rate, and a source that nobody shares.
  const ofCluster = ['members', 'partitions.unowned', 'partition.lag', 'partition.commit_age'];
  expect(missing).toEqual([
    'sluice.breaker.failure_ratio',
    'sluice.breaker.slow_call_ratio',
    ...ofCluster.map((name) => `sluice.source.${name}`),
  ]);
});

it('counters are cumulative from collection to collection', async () => {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
  const { reader, meter } = createMeter();
  observeMetrics(rig.router, meter);
  for (const value of [3, 6]) {
    rig.router.routeAll(messages('tick', 3));
    const received = (await reader.read()).get('sluice.messages.received');
    expect(received).toMatchObject({ dataPointType: 3, isMonotonic: true });
    expect(pointsOf(received)).toEqual([{ channel: 'tick', value }]);
  }
});

it('the router is read once per collection, and not at all after the end', async () => {
  const { router } = await createTestRouter({ sinks: { tick: {} } });
  const counted = countedRouter(router);
  const { reader, meter } = createMeter();
  const end = observeMetrics(counted, meter);
  await reader.read();
  await reader.read();
  expect(counted.reads).toBe(2);
  end();
  await reader.read();
  expect(counted.reads).toBe(2);
});

it('our sources import nothing of OpenTelemetry or of a Prometheus library', () => {
  const importing = filesIn('src').filter((path) =>
    /from '(@opentelemetry|prom-client|@prometheus-io)/.test(textOf(path)),
  );
  expect(importing).toEqual([]);
});
