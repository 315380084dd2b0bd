import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { beforeEach, expect, it } from 'vitest';
import { histogramProducer, observeMetrics, prometheusText, registerMetrics } from '../../src/metrics/index.ts';
import { createTestRouter, messages, type TestRouter } from '../../src/testing/index.ts';
import { parsed } from '../support/exposition.ts';

const RECEIVED = 'sluice_messages_received_total';
let eu: TestRouter;
let us: TestRouter;

beforeEach(async () => {
  [eu, us] = [await createTestRouter({ sinks: { tick: {} } }), await createTestRouter({ sinks: { tick: {} } })];
  eu.router.routeAll(messages('tick', 2));
  us.router.routeAll(messages('tick', 3));
});

function receivedIn(text: string): unknown[] {
  return parsed(text).flatMap(({ name, labels, value }) => (name === RECEIVED ? [{ ...labels, value }] : []));
}

it('two routers are on one page, told apart by a label, and each metric has one head', async () => {
  const text = prometheusText([
    { router: eu.router, labels: { router: 'eu' } },
    { router: us.router, labels: { router: 'us' } },
  ]);
  expect(receivedIn(text)).toEqual([
    { router: 'eu', channel: 'tick', value: 2 },
    { router: 'us', channel: 'tick', value: 3 },
  ]);
  const heads = text.split('\n').filter((line) => line.startsWith('# TYPE'));
  expect(new Set(heads).size).toBe(heads.length);
  expect(receivedIn(prometheusText(eu.router, { labels: { router: 'eu' } }))).toEqual([
    { router: 'eu', channel: 'tick', value: 2 },
  ]);
});

it('two routers are in one registry, and each leaves it without the other', async () => {
  const registry = new Registry();
  const leave = registerMetrics(eu.router, registry, { labels: { router: 'eu' } });
  registerMetrics(us.router, registry, { labels: { router: 'us' } });
  expect(receivedIn(await registry.metrics())).toEqual([
    { router: 'eu', channel: 'tick', value: 2 },
    { router: 'us', channel: 'tick', value: 3 },
  ]);
  leave();
  leave();
  expect(receivedIn(await registry.metrics())).toEqual([{ router: 'us', channel: 'tick', value: 3 }]);
});

it('a registry that the host has cleared takes the metrics in again', async () => {
  const registry = new Registry();
  const leave = registerMetrics(eu.router, registry);
  registry.clear();
  leave();
  registerMetrics(us.router, registry);
  expect(receivedIn(await registry.metrics())).toEqual([{ channel: 'tick', value: 3 }]);
});

it('two routers are observed by one meter', async () => {
  class AskedReader extends MetricReader {
    protected override async onForceFlush(): Promise<void> {}
    protected override async onShutdown(): Promise<void> {}
  }
  const reader = new AskedReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  observeMetrics(eu.router, meter, { labels: { router: 'eu' } });
  observeMetrics(us.router, meter, { labels: { router: 'us' } });
  const { resourceMetrics, errors } = await reader.collect();
  const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const received = all.filter(({ descriptor }) => descriptor.name === 'sluice.messages.received');
  const points = received.flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => [attributes, value]));
  expect(errors).toEqual([]);
  expect(points.flat()).toEqual([{ router: 'eu', channel: 'tick' }, 2, { router: 'us', channel: 'tick' }, 3]);
});

it.each<[object, RegExp]>([
  [{ labels: { 'a-b': 'x' } }, /the label "a-b" must be letters, digits and _/],
  [{ labels: { __name: 'x' } }, /the label "__name" must be/],
  [{ labels: 5 as never }, /labels must be a map of strings/],
  [{ labels: { reason: 'x' } }, /the label "reason" is one of sluice's own/],
  [{ labels: { router: 5 } }, /the label "router" must have a string, got 5/],
  [{ label: {} }, /unknown option 'label'; did you mean 'labels'/],
  [{ labels: { le: '1' } }, /the label "le" is one of sluice's own/],
  [{ buckets: [] }, /buckets must be a list of 1 to 200 upper limits in seconds, such as/],
  [{ buckets: 0.1 }, /buckets must be a list of 1 to 200 upper limits in seconds, such as/],
  [{ buckets: new Array(201).fill(1) }, /buckets must be a list of 1 to 200 upper limits/],
  [{ buckets: ['0.1'] }, /buckets must be numbers from 0.000001 to 2147, got "0.1"/],
  [{ buckets: [[1]] }, /buckets must be numbers from 0.000001 to 2147, got \[1\]/],
  [{ buckets: [0] }, /buckets must be numbers from 0.000001 to 2147, got 0/],
  [{ buckets: [1, Number.POSITIVE_INFINITY] }, /got Infinity; the bucket above all limits is always there/],
  [{ buckets: [1, 1] }, /buckets must rise, got 1 after 1/],
])('labels and buckets that cannot be are refused (%#)', (unchecked, text) => {
  expect(() => prometheusText(eu.router, unchecked)).toThrow(text);
  expect(() => registerMetrics(eu.router, new Registry(), unchecked)).toThrow(text);
  expect(() => observeMetrics(eu.router, metrics.getMeter('test'), unchecked)).toThrow(text);
  expect(() => histogramProducer(eu.router, unchecked)).toThrow(text);
});

it('what becomes of labels and buckets later changes no metric', async () => {
  const [labels, buckets, registry] = [{ router: 'eu' }, [0.1], new Registry()];
  registerMetrics(eu.router, registry, { labels, buckets });
  const before = await registry.metrics();
  labels.router = 'us';
  buckets.push(0.01);
  expect(await registry.metrics()).toBe(before);
});

it('two routers with the same labels are refused', () => {
  const { router } = eu;
  expect(() => prometheusText([{ router }, { router: us.router }])).toThrow('two routers have the labels {}');
  const labels = { a: '1', b: '2' };
  const registry = new Registry();
  registerMetrics(router, registry, { labels });
  expect(() => registerMetrics(us.router, registry, { labels: { b: '2', a: '1' } })).toThrow('two routers have the');
});
