import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { registerMetrics } from '../../src/metrics/index.ts';
import { createTestRouter, messages } from '../../src/testing/index.ts';
import { countedRouter } from '../support/counted-router.ts';
import { valueIn } from '../support/exposition.ts';

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
});
