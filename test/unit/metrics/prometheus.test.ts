import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { channelMachine } from '../../../machines/channel.ts';
import { stateName } from '../../../src/facts/chart-words.ts';
import { FAULT_PLACES, type FaultPlace } from '../../../src/facts/events.ts';
import { catalog } from '../../../src/metrics/catalog.ts';
import { checkedOptions } from '../../../src/metrics/labels.ts';
import { prometheusName, prometheusText, textOf } from '../../../src/metrics/prometheus.ts';
import { registerMetrics } from '../../../src/metrics/prometheus-registry.ts';
import { type Reading, readRouter } from '../../../src/metrics/reading.ts';
import type { Reaction, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, hang, message, messages, reject, slow } from '../../../src/testing/index.ts';
import { parsed, valueIn } from '../../support/exposition.ts';

/** The worst the counters can see: rejections, drops, poison, retries, a hung call, a trip and two partitions. */
async function troubledRig(seed = 1): Promise<TestRouter> {
  const rig = await createTestRouter({
    seed,
    sinks: {
      tick: { batchSize: 3, capacity: 5, partitions: 2, overflow: 'drop-oldest', retry: { attempts: 1 } },
      ohlcv: { batchSize: 2, capacity: 4, breaker: { minimumCalls: 2, window: { count: 4 } } },
      fmv: { batchSize: 2, capacity: 3, overflow: 'conflate', breaker: false, isolate: false },
    },
  });
  const random = fc.sample(fc.integer({ min: 0, max: 9 }), { numRuns: 60, seed });
  const reactions: readonly Reaction<TestMessage>[] = [reject(), slow(30), hang()];
  for (const [index, choice] of random.entries()) {
    const channel = ['tick', 'ohlcv', 'fmv'][choice % 3] ?? 'tick';
    const reaction = reactions[choice];
    if (reaction !== undefined) rig.sink(channel).script.push(reaction);
    rig.router.routeAll([...messages(channel, choice, index * 10), message('nobody', index)]);
    if (choice === 7) rig.router.trip('ohlcv');
    if (index % 3 === 0) await rig.advance(choice * 20);
  }
  return rig;
}

describe('the text', () => {
  it('accounts for every message, by the numbers in it alone', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { router } = await troubledRig(seed);
      const text = prometheusText(router);
      for (const channel of ['tick', 'ohlcv', 'fmv']) {
        const of = (fate: string) => valueIn(text, `sluice_messages_${fate}`, { channel });
        expect(of('received_total'), `seed ${seed}, ${channel}`).toBe(of('accepted_total') + of('rejected_total'));
        const ends = ['delivered', 'dead_lettered', 'dropped', 'conflated', 'returned'].map((end) =>
          of(`${end}_total`),
        );
        const sum = ends.reduce((total, count) => total + count, of('buffered') + of('in_flight'));
        expect(of('accepted_total'), `seed ${seed}, ${channel}`).toBe(sum);
      }
      const channels = valueIn(text, 'sluice_messages_received_total');
      const unroutable = valueIn(text, 'sluice_router_messages_unroutable_total');
      expect(unroutable).toBe(60);
      expect(valueIn(text, 'sluice_router_messages_received_total')).toBe(channels + unroutable);
    }
  });

  it('is what the library of the registry makes of the same numbers, but for blank lines', async () => {
    const { router } = await troubledRig();
    const reading = readRouter(router);
    const registry = new Registry();
    registerMetrics(frozen(reading), registry);
    const theirs = (await registry.metrics()).split('\n').filter((line) => line !== '');
    const ours = textOf([{ reading, ...AS_USUAL }])
      .split('\n')
      .filter((line) => line !== '');
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(150);
  });

  it('has each series once, with the labels that the catalog names', async () => {
    const { router } = await troubledRig();
    const samples = parsed(prometheusText(router));
    const series = samples.map(({ name, labels }) => `${name}${JSON.stringify(Object.entries(labels).sort())}`);
    expect(new Set(series).size).toBe(series.length);
    const labels = new Map(catalog.map((measure) => [prometheusName(measure), measure.labels]));
    for (const sample of samples) {
      const allowed = labels.get(sample.name) ?? labels.get(sample.name.replace(/_(bucket|sum|count)$/, ''));
      expect(allowed, sample.name).toEqual(expect.arrayContaining(Object.keys(sample.labels)));
    }
  });

  it('gives back any label value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', '{', '}', ',', '=', 'é', ' ') }),
        (channel) => {
          const reading = { ...NOTHING, alerts: [{ alert: 'hung', channel }] } as const;
          const labels = parsed(textOf([{ reading, ...AS_USUAL }])).find(
            ({ name }) => name === 'sluice_alert_active',
          )?.labels;
          expect(labels).toEqual({ alert: 'hung', channel, source: '', feed: '' });
        },
      ),
      { seed: 6 },
    );
  });

  it('has an empty channel for an alert about the router', async () => {
    const { router } = await createTestRouter({ sinks: { tick: {} } });
    await expect(router.reconfigure({ channels: { tick: { batchSize: 0 } } })).rejects.toThrow('batchSize');
    const text = prometheusText(router);
    expect(valueIn(text, 'sluice_alert_active', { alert: 'config-rejected', channel: '' })).toBe(1);
  });

  it('takes seconds from milliseconds', async () => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
    rig.sink('tick').script.push(slow(200));
    rig.router.routeAll(messages('tick', 2));
    await rig.advance(50);
    expect(valueIn(prometheusText(rig.router), 'sluice_oldest_message_age_seconds')).toBeCloseTo(0.05, 5);
    await rig.advance(200);
    expect(valueIn(prometheusText(rig.router), 'sluice_processing_seconds_sum')).toBeCloseTo(0.2, 5);
  });

  it('has one state per channel, of those the statechart has', async () => {
    const { router } = await troubledRig();
    const states = parsed(prometheusText(router)).filter(({ name }) => name === 'sluice_channel_state');
    for (const channel of ['tick', 'ohlcv', 'fmv']) {
      const its = states.filter(({ labels }) => labels.channel === channel);
      expect(its.filter(({ value }) => value === 1).map(({ labels }) => labels.state)).toEqual([
        router.health().channels[channel]?.state,
      ]);
      // `new` is before the first life of a channel, so its statechart does not know it.
      expect(its.map(({ labels }) => labels.state).sort()).toEqual([...new Set([...leaves(), 'new'])].sort());
    }
  });
});

describe('names', () => {
  it.each(catalog.map((measure) => [prometheusName(measure), measure] as const))(
    '%s follows the conventions',
    (name, measure) => {
      expect(name).toMatch(/^sluice(_[a-z]+)+$/);
      expect(name.endsWith('_total')).toBe(measure.type === 'counter');
      expect(name.includes('_seconds')).toBe(measure.unit === 's');
      expect(name).not.toMatch(/_(ms|milliseconds|count|sum|bucket|info)(_|$)/);
      expect(measure.help).toMatch(/^[^\\\n]+[^\s]$/);
      for (const label of measure.labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
    },
  );

  it('are there once', () => {
    const names = catalog.map(prometheusName);
    expect(new Set(names).size).toBe(names.length);
  });
});

const AS_USUAL = checkedOptions('test', {});
const NOTHING: Reading = {
  metrics: {
    received: 0,
    unroutable: 0,
    ignored: 0,
    conserved: true,
    channels: {},
    sources: {},
    feeds: {},
    deadLetters: { stored: 0, lasting: 0, waiting: 0, bytes: 0, evicted: 0, skipped: 0 },
    faults: Object.fromEntries(FAULT_PLACES.map((place) => [place, 0])) as Record<FaultPlace, number>,
  },
  health: {
    status: 'healthy',
    state: 'running',
    live: true,
    ready: true,
    reason: null,
    channels: {},
    sources: {},
    feeds: {},
  },
  mailboxes: {},
  alerts: [],
};

/** A router that always reads the same; its mailboxes are read from channels, so those are made up from the reading. */
function frozen({ metrics, health, mailboxes, alerts }: Reading): Parameters<typeof registerMetrics>[0] {
  const channels = new Map(
    Object.entries(mailboxes).map(([name, { capacity, oldestAgeMs }]) => {
      return [name, { config: { capacity }, partitions: [{ oldestMs: oldestAgeMs }] }];
    }),
  );
  // The part of a router that a reading uses.
  return { metrics: () => metrics, health: () => health, alerts, channels } as unknown as ReturnType<typeof frozen>;
}

/** The names people know the states of the channel's chart by. */
function leaves(): string[] {
  const states = channelMachine.config.states ?? {};
  return Object.entries(states).flatMap(([name, state]) => {
    const inner = Object.keys((state as { states?: object }).states ?? {});
    const names = inner.map((child) => stateName({ [name]: child }));
    return names.length === 0 ? [name] : names;
  });
}
