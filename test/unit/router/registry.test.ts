import { describe, expect, it } from 'vitest';
import { createTestRouter, hang, message, messages, reject, slow } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

it('R2.3 the registry and the channels say who serves what', async () => {
  const rig = await createTestRouter({ sinks: { tick: {}, bars: { dataType: 'ohlcv' } } });
  expect([...rig.router.channels.keys()]).toEqual(['tick', 'bars']);
  expect([...rig.router.registry].map(([type, channels]) => [type, ...channels.map(({ name }) => name)])).toEqual([
    ['tick', 'tick'],
    ['ohlcv', 'bars'],
  ]);
  expect(rig.router.config.channels.bars).toMatchObject({ name: 'bars', dataType: 'ohlcv', priority: 2 });
});

it('R2.3 channels start in the order of their priority', async () => {
  const rig = await createTestRouter({ sinks: { fmv: {}, tick: {}, ohlcv: {} } });
  const warming = rig.facts('channel.entered').filter(({ to }) => to === 'warming');
  expect(warming.map(({ channel }) => channel)).toEqual(['tick', 'ohlcv', 'fmv']);
});

describe('R2.3 a channel that is added while the router runs', () => {
  it('warms up and serves its type from then on', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    expect(rig.router.route(message('ohlcv', 0))).toMatchObject({ reason: 'unknown-type' });
    rig.router.add('ohlcv', rig.sink('ohlcv').channel, { batchSize: 1 });
    expect(rig.router.route(message('ohlcv', 1)).status).toBe('accepted');
    expect(await deliveredAfter(rig, 'ohlcv', 10)).toEqual([1]);
    expect(rig.router.config.channels.ohlcv).toMatchObject({ batchSize: 1, timeoutMs: 100 });
    expect(rig.router.state).toBe('running');
  });

  it('takes part in the drain', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.add('fmv', rig.sink('fmv').channel);
    await rig.advance(1);
    rig.router.routeAll(messages('fmv', 3));
    const report = await rig.stop();
    expect(report.channels.fmv).toMatchObject({ delivered: 3 });
  });

  it('and fails does not keep the others from running', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.add('ohlcv', () => {
      throw new Error('no');
    });
    await rig.advance(10);
    expect(rig.router.state).toBe('degraded');
    rig.router.route(message('tick', 0));
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
  });
});

describe('R2.3 a channel that is removed', () => {
  it('gets nothing more, delivers what waits, closes, and is reported', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
    rig.sink('ohlcv').otherwise = slow(20);
    rig.router.routeAll(messages('ohlcv', 5));
    const removed = rig.router.remove('ohlcv');
    expect(rig.router.route(message('ohlcv', 5))).toMatchObject({ reason: 'unknown-type' });
    const report = await rig.advanceUntil(removed);
    expect(report).toMatchObject({ state: 'stopped', accepted: 5, delivered: 5, drained: 5, returnedMessages: [] });
    expect([...rig.router.channels.keys()]).toEqual(['tick']);
    expect(rig.router.metrics()).toMatchObject({ received: 6, unroutable: 1, conserved: true });
  });

  it('hands back what it cannot deliver by the deadline', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 2 } } });
    rig.sink('ohlcv').otherwise = hang();
    const all = messages('ohlcv', 5);
    await routeAndAdvance(rig, all, 1);
    const report = await rig.advanceUntil(rig.router.remove('ohlcv', { deadlineMs: 100 }));
    expect(report).toMatchObject({ unsettledMessages: all.slice(0, 2), returnedMessages: all.slice(2) });
    rig.checkConserved();
  });

  it('leaves its name and its type free for another', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
    await rig.advanceUntil(rig.router.remove('ohlcv'));
    rig.router.add('bars', rig.sink('bars').channel, { dataType: 'ohlcv', batchSize: 1 });
    expect(await deliveredAfter(rig, 'bars', 10, message('ohlcv', 0))).toEqual([0]);
    await rig.advanceUntil(rig.router.remove('bars'));
    rig.router.add('ohlcv', rig.sink('ohlcv').channel, { batchSize: 2 });
    expect(rig.router.config.channels.ohlcv).toMatchObject({ batchSize: 2, timeoutMs: 100 });
    expect(Object.keys(rig.router.config.channels).toSorted()).toEqual(['ohlcv', 'tick']);
  });

  it('while it is down is gone at once, and its messages are handed back', async () => {
    const rig = await createTestRouter({
      sinks: {
        tick: {},
        ohlcv: { restart: { delayMs: 1_000 }, processTimeoutMs: 10, abandonAfterMs: 10, batchSize: 1 },
      },
    });
    rig.sink('ohlcv').otherwise = hang();
    await routeAndAdvance(rig, messages('ohlcv', 3), 30);
    expect(rig.metrics('ohlcv').state).toBe('failed');
    const report = await rig.advanceUntil(rig.router.remove('ohlcv'));
    expect(report.returnedMessages).toEqual(messages('ohlcv', 3));
    await rig.advance(10_000);
    expect(rig.router.state).toBe('running');
    expect(rig.clock.pending).toBe(0);
  });

  it('after a reload changed its partitions is accounted for, although some of its messages were counted by others', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { timeoutMs: 1_000 } } });
    rig.router.routeAll(messages('ohlcv', 8));
    await rig.advanceUntil(
      rig.router.reconfigure({ channels: { tick: {}, ohlcv: { partitions: 3, partitionBy: 'n' } } }),
    );
    await rig.advanceUntil(rig.router.remove('ohlcv'));
    rig.checkConserved();
    expect(rig.router.metrics()).toMatchObject({ received: 8, conserved: true });
  });

  it('before the start is gone at once, and after a stop it is refused: it is in the report of that', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: {}, ohlcv: {} } });
    expect(await rig.advanceUntil(rig.router.remove('ohlcv'))).toMatchObject({ state: 'stopped' });
    expect(Object.keys((await rig.stop()).channels)).toEqual(['tick']);
    await expect(rig.router.remove('tick')).rejects.toMatchObject({ code: 'not-running' });
  });
});

describe('partitions', () => {
  it('R5.2 are summed up in the metrics of their channel, and named one by one in its events', async () => {
    const rig = await createTestRouter({ sinks: { tick: { partitions: 3, partitionBy: 'round-robin' } } });
    await routeAndAdvance(rig, messages('tick', 9), 1);
    expect(rig.metrics('tick')).toMatchObject({ received: 9, delivered: 9 });
    expect(rig.metrics('tick').processing.count).toBe(9);
    const names = new Set(rig.facts('channel.entered').map(({ channel }) => channel));
    expect([...names].toSorted()).toEqual(['tick/0', 'tick/1', 'tick/2']);
  });

  it.each(['round-robin', 'least-loaded'])('by %s pass over one that cannot deliver', async (partitionBy) => {
    const rig = await createTestRouter({
      sinks: { tick: { partitions: 2, partitionBy, retry: { delayMs: 30_000, delayMsMax: 30_000 } } },
    });
    rig.sink('tick').script.push(reject());
    await routeAndAdvance(rig, message('tick', 0), 1);
    expect(await deliveredAfter(rig, 'tick', 1, messages('tick', 10, 1))).toEqual(numbers(10, 1));
  });
});
