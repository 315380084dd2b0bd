import { describe, expect, it } from 'vitest';
import { ProcessingChannel } from '../../../src/index.ts';
import { createTestRouter, fail, hang, message, messages, slow } from '../../../src/testing/index.ts';
import { routeAndAdvance } from '../../support/routed.ts';

describe('R1.2 R5.1 the metrics of a channel', () => {
  it('begin at nothing and are a plain snapshot that does not change afterwards', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const before = rig.metrics('tick');
    rig.router.route(message('tick', 0));
    expect(before).toMatchObject({
      received: 0,
      delivered: 0,
      calls: 0,
      batches: { size: 0 },
      restarts: 0,
      state: 'idle',
    });
    expect(structuredClone(before)).toEqual(before);
    expect(rig.metrics('tick')).toMatchObject({ received: 1, delivered: 1, calls: 1, batches: { size: 1 } });
  });

  it('tell how long calls took and how long messages waited before them', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, timeoutMs: 100 } } });
    rig.sink('ohlcv').otherwise = slow(40);
    await routeAndAdvance(rig, message('ohlcv', 0), 50);
    await routeAndAdvance(rig, message('ohlcv', 1), 1_000);
    const { processing, queueing } = rig.metrics('ohlcv');
    expect([processing.count, processing.maxMs]).toEqual([1, 40]);
    expect([queueing.count, queueing.maxMs]).toEqual([2, 100]);
    expect(queueing.p50Ms).toBeGreaterThanOrEqual(49);
    expect(queueing.p50Ms).toBeLessThanOrEqual(52);
  });

  it('are readable on the channel itself, with its queue, its batch and the time of its last batch', async () => {
    const channels: ProcessingChannel<unknown>[] = [];
    let seen: unknown;
    class Reading extends ProcessingChannel<unknown> {
      override process(batch: readonly unknown[]): void {
        seen = [this.batch, this.batch === batch, this.queue, this.metrics.inFlight, this.config.name];
      }
    }
    const rig = await createTestRouter({
      config: { channels: { ohlcv: { batchSize: 2, capacity: 9 } } },
      channels: { ohlcv: () => channels[channels.push(new Reading()) - 1] as Reading },
    });
    const last = () => channels.at(-1);
    expect(last()?.lastBatchAt).toBeNull();
    await rig.advance(5);
    await routeAndAdvance(rig, messages('ohlcv', 3), 0);
    // What `process` gets is a copy: a handler that empties it and fails must not take the messages with it.
    // And its queue is read, not handed out.
    expect(seen).toStrictEqual([messages('ohlcv', 2), false, { size: 1, capacity: 9 }, 2, 'ohlcv']);
    expect([last()?.lastBatchAt, last()?.batch]).toEqual([5, []]);
  });
});

it('R5.2 the router adds everything up, unroutable messages among it', async () => {
  const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {}, fmv: {} } });
  rig.router.routeAll([...messages('tick', 5), ...messages('ohlcv', 4), ...messages('fmv', 3), null, {}]);
  expect(rig.router.metrics()).toMatchObject({
    received: 14,
    unroutable: 2,
    conserved: true,
    channels: { tick: { delivered: 5 }, ohlcv: { buffered: 4 }, fmv: { buffered: 3 } },
    deadLetters: { stored: 2, evicted: 0 },
  });
});

it('R5.4 health and explanation follow the states from warming to idle, through failure and back', async () => {
  const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 1_000, delayMsMax: 1_000 } }, fmv: {} } });
  expect(rig.router.health()).toMatchObject({ status: 'healthy', live: true, ready: true, state: 'running' });
  rig.sink('tick').script.push(fail());
  await routeAndAdvance(rig, [...messages('tick', 3), message('fmv', 0)], 1);
  expect(rig.router.health()).toMatchObject({
    status: 'degraded',
    channels: { tick: { status: 'degraded', state: 'retrying' }, fmv: { status: 'healthy', state: 'buffering' } },
  });
  expect(rig.router.explain('tick').sentence).toMatch(
    /^tick has been retrying for \d+ ms \(a batch failed: .*\)\. The next attempt is in \d+ ms\. 3 waiting, 0 in flight\.$/,
  );
  expect(rig.router.explain('fmv')).toMatchObject({
    state: 'buffering',
    endsInMs: 499,
    waiting: 1,
    cause: 'a message arrived',
  });
  await rig.advance(2_000);
  expect(rig.router.health().status).toBe('healthy');
});

it('R6.4 without a logger the router is silent', async () => {
  const written: unknown[] = [];
  const { warn, error, log } = console;
  Object.assign(console, { warn: note, error: note, log: note });
  function note(...args: unknown[]): void {
    written.push(args);
  }
  try {
    const rig = await createTestRouter({ sinks: { tick: { processTimeoutMs: 10, abandonAfterMs: 10 } } });
    rig.sink('tick').script.push(fail(), () => new Promise(() => {}));
    await routeAndAdvance(rig, [...messages('tick', 5), null], 5_000);
    await rig.stop();
  } finally {
    Object.assign(console, { warn, error, log });
  }
  expect(written).toEqual([]);
});

it('R5.1 the metrics of a channel add up the reasons of all partitions, and leave out those that never occurred', async () => {
  const channels = { ohlcv: { batchSize: 10, partitions: 2, partitionBy: 'round-robin', capacity: 10 } };
  const rig = await createTestRouter({ sinks: channels });
  rig.sink('ohlcv').otherwise = hang();
  rig.router.routeAll(messages('ohlcv', 60));
  expect(rig.metrics('ohlcv').rejectedBy).toEqual({ 'mailbox-full': 40 });
  expect(rig.metrics('ohlcv').deadLetteredBy).toEqual({});
});
