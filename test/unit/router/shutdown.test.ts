import { describe, expect, it } from 'vitest';
import { defineChannel, type LifeContext, SluiceError } from '../../../src/index.ts';
import { drainReport } from '../../../src/report/drain-report.ts';
import { partsOf } from '../../../src/router/router.ts';
import { createTestRouter, hang, message, messages, slow, type TestRouter } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';
import { routeAndAdvance } from '../../support/routed.ts';

describe('`stop`', () => {
  it('returns by the deadline when `process` never settles, and its report names every message', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 10 } } });
    rig.sink('tick').otherwise = hang();
    rig.sink('ohlcv').otherwise = hang();
    const ticks = messages('tick', 5);
    const bars = messages('ohlcv', 25);
    await routeAndAdvance(rig, [...ticks, ...bars], 1);
    const report = await rig.stop({ deadlineMs: 200 });
    expect(report.elapsedMs).toBeLessThanOrEqual(200 + 150);
    expect(report).toMatchObject({ deadlineMs: 200, onTime: false, conserved: true });
    const { tick, ohlcv } = report.channels;
    expect([...(tick?.unsettledMessages ?? []), ...(tick?.returnedMessages ?? [])]).toEqual(ticks);
    expect([...(ohlcv?.unsettledMessages ?? []), ...(ohlcv?.returnedMessages ?? [])]).toEqual(bars);
    expect(ohlcv).toMatchObject({ state: 'stopped', accepted: 25, returned: 15, inFlight: 10, delivered: 0 });
    expect(rig.clock.pending).toBe(0);
  });

  it('is not on time when anything is handed back, however quickly', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.pause();
    rig.router.routeAll(messages('tick', 5));
    const report = await rig.stop();
    expect(report).toMatchObject({ onTime: false, conserved: true, channels: { tick: { returned: 5 } } });
    expect(report.elapsedMs).toBeLessThan(report.deadlineMs);
  });

  it('returns by the deadline when `close` never settles either, whose signal has aborted then', async () => {
    const signals: AbortSignal[] = [];
    const close = ({ signal }: LifeContext): Promise<void> => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const rig = await createTestRouter({ channels: { tick: defineChannel({ process() {}, close }) } });
    const report = await rig.stop({ deadlineMs: 200 });
    expect(report.elapsedMs).toBeLessThanOrEqual(350);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(rig.clock.pending).toBe(0);
  });

  it('delivers what waits before the deadline, whatever the batch size, and tells how much', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100 }, fmv: {} } });
    rig.sink('ohlcv').otherwise = slow(20);
    rig.router.routeAll([...messages('ohlcv', 250), ...messages('fmv', 3)]);
    const report = await rig.stop({ deadlineMs: 1_000 });
    expect(report).toMatchObject({ onTime: true, conserved: true });
    expect(report.channels.ohlcv).toMatchObject({ delivered: 250, drained: 250, returned: 0, inFlight: 0 });
    expect(report.channels.fmv).toMatchObject({ delivered: 3, returnedMessages: [], unsettledMessages: [] });
    expect(report.elapsedMs).toBeLessThan(200);
    expect(rig.metrics('fmv').batches.drain).toBe(1);
    expect(report.channels.ohlcv?.spentMs.draining).toBeGreaterThanOrEqual(60);
  });

  it('does not abort the batch in flight: it counts as delivered', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = slow(50);
    rig.router.route(message('tick', 0));
    const { context } = rig.sink('tick').calls[0] ?? {};
    const report = await rig.stop({ deadlineMs: 1_000 });
    expect(context?.signal.aborted).toBe(false);
    expect(report.channels.tick).toMatchObject({ delivered: 1, drained: 1 });
  });

  it('refuses what comes after it: not running', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const stopped = rig.router.stop();
    expect(rig.router.route(message('tick', 0))).toEqual({ status: 'rejected', reason: 'not-running' });
    await rig.advanceUntil(stopped);
    expect(rig.router.route(message('tick', 1))).toEqual({ status: 'rejected', reason: 'not-running' });
    expect(await rig.router.offer(message('tick', 1))).toEqual({ status: 'rejected', reason: 'not-running' });
    await expect(rig.router.consume(messages('tick', 2))).rejects.toMatchObject({ code: 'not-running' });
    expect(rig.metrics('tick')).toMatchObject({ received: 3, rejected: 3 });
    expect(rig.router.health()).toMatchObject({ live: false, ready: false, state: 'stopped' });
  });

  it('called twice gives the same report, and never stops twice', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const first = rig.router.stop({ deadlineMs: 100 });
    const second = rig.router.stop({ deadlineMs: 9_999 });
    expect(await rig.advanceUntil(first)).toBe(await second);
    expect(rig.states('tick').filter((state) => state === 'stopped')).toHaveLength(1);
  });

  it('before `start` is a stop: nothing runs, and the router cannot start any more', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: {} } });
    expect(rig.router.route(message('tick', 0))).toEqual({ status: 'rejected', reason: 'not-running' });
    expect(rig.router.health()).toMatchObject({ state: 'starting', live: true, ready: false });
    const report = await rig.stop();
    expect(report).toMatchObject({ elapsedMs: 0, onTime: true, conserved: true });
    expect(rig.router.health()).toMatchObject({ state: 'stopped', live: false, ready: false });
    await expect(rig.router.start()).rejects.toThrow(SluiceError);
    await expect(rig.router.start()).rejects.toMatchObject({
      code: 'not-running',
      message: 'a router that was stopped cannot start again',
    });
  });

  it('during the warm-up ends it', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: {} } });
    rig.sink('tick').channel().constructor.prototype.warmUp = () => new Promise(() => {});
    const started = rig.router.start();
    await rig.clock.advance(10);
    rig.router.routeAll(messages('tick', 2));
    const report = await rig.stop({ deadlineMs: 100 });
    delete rig.sink('tick').channel().constructor.prototype.warmUp;
    await started;
    expect(report.channels.tick).toMatchObject({ returned: 2, state: 'stopped' });
    expect(rig.clock.pending).toBe(0);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('with a deadline of %s is misuse', async (deadlineMs) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    expect(() => rig.router.stop({ deadlineMs })).toThrow(
      `deadlineMs must be a number of ms from 0, got ${deadlineMs}`,
    );
    expect(rig.router.route(message('tick', 0)).status).toBe('accepted');
  });
});

it('`await using` stops the router at the end of its block', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const block = async (): Promise<void> => {
    await using router = rig.router;
    router.route(message('tick', 0));
  };
  await rig.advanceUntil(block());
  expect(rig.router.state).toBe('stopped');
  expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
});

it('`start` called twice starts once', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  await rig.advanceUntil(rig.router.start());
  expect(rig.states('tick')).toEqual(['warming', 'idle']);
});

describe('everything is handed back', () => {
  it('however large the mailbox is, and wherever its ring has wrapped', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { capacity: 500_000, batchSize: 10_000 } } });
    const { router } = rig;
    let sent = 0;
    const send = (count: number): void => {
      for (let left = count; left > 0; left -= 1) router.route({ ev: 'AM', sym: 'A', n: sent++ });
    };
    router.pause();
    send(500_000);
    router.resume();
    for (let turn = 0; turn < 1_000 && rig.metrics('ohlcv').delivered < 400_000; turn += 1) await rig.clock.advance(1);
    router.pause();
    const left = 500_000 - rig.metrics('ohlcv').delivered;
    send(390_000);
    const report = await rig.stop();
    const { returnedMessages = [] } = report.channels.ohlcv ?? {};
    expect(report).toMatchObject({ conserved: true, channels: { ohlcv: { returned: left + 390_000, buffered: 0 } } });
    expect(returnedMessages.map((message) => (message as { n: number }).n)).toEqual(
      Array.from({ length: left + 390_000 }, (_, index) => 500_000 - left + index),
    );
  });

  it('although a part of the stop throws', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {}, fmv: {} } });
    rig.router.pause();
    rig.router.routeAll([...messages('tick', 3), ...messages('ohlcv', 3), ...messages('fmv', 3)]);
    const { partitions } = partsOf(rig.router).fleet.channels.get('tick') ?? { partitions: [] };
    for (const { inbox } of partitions) {
      inbox.close = () => {
        throw new Error('the door is stuck');
      };
      inbox.gaps.take = inbox.close as () => never;
    }
    const report = await rig.stop();
    expect(report.conserved).toBe(true);
    for (const name of ['tick', 'ohlcv', 'fmv'])
      expect(report.channels[name]).toMatchObject({ returned: 3, buffered: 0, state: 'stopped' });
    expect(rig.router.metrics().faults.stop).toBeGreaterThan(0);
  });
});

it('a report of a stop that leaves something waiting says that it is not conserved', () => {
  const counts = { received: 2, accepted: 2, rejected: 0, delivered: 0, deadLettered: 0, dropped: 0, conflated: 0 };
  const backAtOrigin = { returned: 0, unsettled: 0 };
  const lists = {
    state: 'stopped',
    drained: 0,
    returnedMessages: [1],
    unsettledMessages: [],
    backAtOrigin,
    returnedBy: {},
    spentMs: {},
  };
  const conserved = (returned: number, buffered: number, inFlight: number): boolean =>
    drainReport(
      { tick: { ...counts, returned, buffered, inFlight, ...lists } },
      [],
      {},
      { startedAt: 0, now: 1, deadlineMs: 2, unstoredLetters: [] },
    ).conserved;
  expect([conserved(1, 1, 0), conserved(1, 0, 1), conserved(2, 0, 0)]).toEqual([false, false, false]);
});

it('a drain tells after each batch how many messages are left', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 4 } } });
  rig.router.routeAll(messages('ohlcv', 10));
  await rig.stop();
  expect(rig.facts('drain.progressed').map(({ left }) => left)).toEqual([6, 2, 0]);
});

/** A channel with a call that never ends and more behind it, and one that has nothing to do with it. */
async function createPair(): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 2, processTimeoutMs: 60_000 }, ohlcv: {} } });
  rig.sink('tick').otherwise = hang();
  await routeAndAdvance(rig, messages('tick', 5), 100);
  return rig;
}

it('each message is handed back in one report: a channel that is being taken out is not in that of the stop', async () => {
  const rig = await createPair();
  const removed = rig.router.remove('tick', { deadlineMs: 2_000 });
  const stopped = rig.router.stop({ deadlineMs: 500 });
  const { channels, conserved } = await rig.advanceUntil(stopped);
  const report = await rig.advanceUntil(removed);
  expect(Object.keys(channels)).toEqual(['ohlcv']);
  expect(conserved).toBe(true);
  expect(report.returnedMessages).toHaveLength(report.returned);
  expect(report.returned + report.unsettledMessages.length).toBe(5);
});

it('a channel that a reload takes out while the router is stopped is in the report of the stop', async () => {
  const rig = await createPair();
  await rig.advanceUntil(rig.router.reconfigure({ channels: { ohlcv: {} } }));
  const { channels } = await rig.advanceUntil(rig.router.stop({ deadlineMs: 500 }));
  expect(channels.tick).toMatchObject({ accepted: 5, delivered: 0 });
});

it('who takes a channel out twice gets the same report', async () => {
  const rig = await createPair();
  const first = rig.router.remove('tick', { deadlineMs: 100 });
  const second = rig.router.remove('tick', { deadlineMs: 100 });
  expect(await rig.advanceUntil(second)).toBe(await rig.advanceUntil(first));
});
