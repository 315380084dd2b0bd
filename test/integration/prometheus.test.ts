import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Counter, Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRouter, ProcessingChannel } from '../../src/index.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText, registerMetrics } from '../../src/metrics/index.ts';
import { createTestRouter, messages } from '../../src/testing/index.ts';
import { countedRouter } from '../support/counted-router.ts';
import { parsed, valueIn } from '../support/exposition.ts';

class Silent extends ProcessingChannel<unknown> {
  override process(): void {}
}

/** One scrape, as a Prometheus server makes it. */
async function scrape(port: number): Promise<{ readonly type: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/metrics' }, (response) => {
      text(response).then((body) => resolve({ type: response.headers['content-type'] ?? '', body }), reject);
    });
    request.on('error', reject);
  });
}

describe('our own text', () => {
  it('is scraped under load, and every scrape accounts for what had come until then', async () => {
    const router = createRouter({ channels: { tick: () => new Silent(), ohlcv: () => new Silent() } });
    onTestFinished(async () => void (await router.stop()));
    await router.start();
    const server = createServer((_request, response) => {
      response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE).end(prometheusText(router));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    let sent = 0;
    for (let round = 0; round < 20; round += 1) {
      const scraped = scrape(port);
      for (let turn = 0; turn < 20; turn += 1) {
        for (let n = 0; n < 500; n += 1) router.route({ ev: n % 10 === 0 ? 'AM' : 'T', sym: `S${n % 50}`, n });
        sent += 500;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { type, body } = await scraped;
      expect(type).toBe(PROMETHEUS_CONTENT_TYPE);
      const received = valueIn(body, 'sluice_router_messages_received_total');
      expect(received).toBeLessThanOrEqual(sent);
      expect(received).toBe(valueIn(body, 'sluice_messages_received_total'));
      const accounted = [
        'rejected_total',
        'delivered_total',
        'dropped_total',
        'buffered',
        'in_flight',
        'dead_lettered_total',
      ];
      const sum = accounted.reduce((total, fate) => total + valueIn(body, `sluice_messages_${fate}`), 0);
      expect(sum).toBe(received);
      expect(valueIn(body, 'sluice_router_conserved')).toBe(1);
    }
    expect(valueIn((await scrape(port)).body, 'sluice_messages_received_total')).toBe(200_000);
  });
});

describe("a registry of the host's own", () => {
  it('shows our metrics beside those of the host, as they are at each scrape', async () => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
    const registry = new Registry();
    registry.setDefaultLabels({ instance: 'a' });
    const host = new Counter({ name: 'host_requests_total', help: 'Requests.', registers: [registry] });
    registerMetrics(rig.router, registry);
    host.inc(3);
    for (const count of [5, 10]) {
      rig.router.routeAll(messages('tick', 5));
      const scraped = await registry.metrics();
      expect(valueIn(scraped, 'sluice_messages_delivered_total', { channel: 'tick', instance: 'a' })).toBe(count);
      expect(valueIn(scraped, 'host_requests_total')).toBe(3);
    }
  });

  it('reads the router once per scrape', async () => {
    const { router } = await createTestRouter({ sinks: { tick: {} } });
    const registry = new Registry();
    const counted = countedRouter(router);
    registerMetrics(counted, registry);
    expect(counted.reads).toBe(0);
    for (const scrapes of [1, 2, 3]) {
      await registry.metrics();
      expect(counted.reads).toBe(scrapes);
    }
    await registry.getMetricsAsJSON();
    expect(counted.reads).toBe(4);
  });

  it('can be of OpenMetrics, whose counters are families without _total', async () => {
    const { router } = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
    router.routeAll(messages('tick', 2));
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never); // Its types know only the other one.
    registerMetrics(router, registry);
    for (const _ of [1, 2]) {
      const lines = (await registry.metrics()).split('\n');
      expect(lines).toContain('# TYPE sluice_messages_delivered counter');
      expect(lines).toContain('sluice_messages_delivered_total{channel="tick"} 2');
      expect(lines.filter((line) => line.includes('_total_total'))).toEqual([]);
    }
  });

  it('has nothing of ours left afterwards, and takes it in again', async () => {
    const { router } = await createTestRouter({ sinks: { tick: {} } });
    const registry = new Registry();
    const unregister = registerMetrics(router, registry);
    expect(() => registerMetrics(router, registry)).toThrow('two routers have the labels {}; give each its own');
    unregister();
    expect(parsed(await registry.metrics())).toEqual([]);
    registerMetrics(router, registry);
    expect(parsed(await registry.metrics()).length).toBeGreaterThan(40);
  });
});
