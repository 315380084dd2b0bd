import { expect, it } from 'vitest';
import { createTestRouter, fail, hang, message, messages } from '../../../src/testing/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { simulatedSource } from '../../../src/testing/simulated-source.ts';
import { holdNext, routeAndAdvance } from '../../support/routed.ts';
import { sourceRig } from './source-rig.ts';

const numbers = (delivered: readonly { readonly n: number }[]): readonly number[] => delivered.map(({ n }) => n);

it('stop drains what was read, commits it and gives the partition back', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 100, timeoutMs: 60_000 } },
  });
  await appendAndAdvance(3, 100);
  expect(sink.delivered).toEqual([]);
  const report = await test.stop();
  expect(source.committed()).toBe(3);
  expect(report).toMatchObject({
    onTime: true,
    conserved: true,
    sources: { bars: { state: 'stopped', read: 3, committed: 3, held: 0, left: 0, heldFrames: [] } },
  });
  expect(test.facts('stay.ended')).toEqual([{ source: 'bars', partition: 0, fence: 1, how: 'released' }]);
  expect(test.facts('source.entered').map(({ to }) => to)).toEqual([
    ...['starting', 'reading', 'draining', 'releasing', 'closing', 'stopped'],
  ]);
  await test.clock.settle();
  expect(test.clock.pending).toBe(0);
});

it('what a stop could not deliver is held by its position, is not handed back, and comes again', async () => {
  const { appendAndAdvance, clock, source, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 2, capacity: 4 } },
  });
  sink.script.push(() => {});
  sink.otherwise = hang();
  await appendAndAdvance(6, 100);
  const report = await test.stop({ deadlineMs: 1_000 });
  expect(report.elapsedMs).toBeLessThanOrEqual(1_150);
  expect(report.channels.ohlcv).toMatchObject({ returnedMessages: [], unsettledMessages: [] });
  expect(report.sources.bars).toMatchObject({
    ...{ read: 6, committed: 1, held: 5, left: 0 },
    heldFrames: [{ partition: 0, fence: 1, positions: [2, 3, 4, 5, 6] }],
  });
  const again = await sourceRig({ clock, source });
  await again.test.advance(1_000);
  expect(numbers(again.sink.delivered)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(source.committed()).toBe(6);
});

it('a stop waits for no source longer than its deadline allows', async () => {
  const clock = createSimulatedClock();
  const source = { ...simulatedSource({ clock }), close: () => new Promise<void>(() => {}) };
  const test = await createTestRouter({ clock, sinks: { ohlcv: {} }, sources: { bars: source } });
  const report = await test.stop({ deadlineMs: 400 });
  expect(report.elapsedMs).toBeLessThanOrEqual(550);
  expect(report.sources.bars?.state).toBe('stopped');
});

it('a channel gets four fifths of the deadline, so that the last commit has time', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig();
  sink.script.push(() => {});
  sink.otherwise = hang();
  await appendAndAdvance(2, 20);
  const report = await test.stop({ deadlineMs: 1_000 });
  expect(source.committed()).toBe(1);
  expect(report.sources.bars?.heldFrames).toEqual([{ partition: 0, fence: 1, positions: [2] }]);
});

it('a revoked partition is drained, committed and given back, and its work is not delivered again', async () => {
  const { append, appendAndAdvance, info, source, sink, test } = await sourceRig({ partitions: 2 });
  const held = holdNext(sink);
  await appendAndAdvance(1, 50);
  const revoked = source.revoke(0, 5_000);
  await test.advance(100);
  expect(info()).toMatchObject({ state: 'revoking', partitions: [{ isRevoking: true }, { isRevoking: false }] });
  append(3);
  held.succeed();
  await test.advance(100);
  await revoked;
  expect(source.committed()).toBe(1);
  expect(info()).toMatchObject({ state: 'reading', partitions: [{ partition: 1 }] });
  source.assign(0);
  await test.advance(1_000);
  expect(numbers(sink.delivered)).toEqual([0, 1, 0, 1, 2, 3, 4, 5]);
  expect(source.committed()).toBe(4);
  const stays = test.facts('stay.began').map(({ fence, takeovers }) => `${fence} ${takeovers}`);
  expect(stays).toEqual(['1 0', '1 0', '2 0']);
});

it('a revoke takes waiting offers back and ends in time with what is not settled', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig({ sinks: { ohlcv: { batchSize: 2, capacity: 2 } } });
  sink.otherwise = hang();
  await appendAndAdvance(5, 50);
  const revoked = source.revoke(0, 1_000);
  await test.advance(1_000);
  await revoked;
  expect(test.router.metrics().sources.bars).toMatchObject({ read: 5, committed: 0, left: 5, held: 0, partitions: 0 });
  expect(test.router.sources.get('bars')?.state).toBe('standby');
});

it('what waits when its partition is lost is handed back and counted, and what is in a call goes on', async () => {
  const { append, metrics, source, sink, test } = await sourceRig({ partitions: 2 });
  const held = holdNext(sink);
  append(3);
  append(1, 1);
  await test.advance(50);
  source.lose(0);
  expect(test.router.metrics().channels.ohlcv).toMatchObject({
    ...{ accepted: 8, inFlight: 2, buffered: 2, returned: 4, returnedBy: { 'stay-ended': 4 } },
  });
  expect(metrics()).toMatchObject({ read: 4, committed: 0, left: 3, held: 1 });
  held.succeed();
  await test.advance(1_000);
  expect(sink.delivered).toHaveLength(4);
  expect([source.committed(0), source.committed(1)]).toEqual([0, 1]);
  expect(test.router.metrics().conserved).toBe(true);
  const report = await test.stop();
  expect(report).toMatchObject({ onTime: true, conserved: true });
});

it('a channel that waited only for what is handed back goes idle', async () => {
  const { appendAndAdvance, source, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 100, timeoutMs: 60_000 } },
  });
  await appendAndAdvance(1, 50);
  expect(test.router.explain('ohlcv').state).toBe('buffering');
  source.lose(0);
  await test.advance(50);
  expect(test.router.explain('ohlcv').state).toBe('idle');
});

it('what waits of a source that failed is not delivered twice', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig();
  test.router.pause('ohlcv');
  await appendAndAdvance(2, 50);
  source.failReads(new Error('the connection broke'));
  await test.advance(1_100);
  source.failReads(undefined);
  test.router.resume('ohlcv');
  await test.advance(3_000);
  expect(numbers(sink.delivered)).toEqual([0, 1, 2, 3]);
  expect(source.committed()).toBe(2);
});

it('what a revoke could not drain is handed back before the partition is given away', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig();
  sink.otherwise = hang();
  await appendAndAdvance(3, 50);
  const revoked = source.revoke(0, 1_000);
  await test.advance(799);
  expect(test.router.metrics().channels.ohlcv).toMatchObject({ returned: 0, buffered: 4 });
  await test.advance(201);
  await revoked;
  expect(test.router.metrics().channels.ohlcv).toMatchObject({ returned: 4, buffered: 0, inFlight: 2 });
});

it('a flush that was asked for what went back is none for what comes later', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 10, timeoutMs: 60_000 } },
  });
  test.router.pause('ohlcv');
  await appendAndAdvance(2, 50);
  test.router.flush('ohlcv');
  source.lose(0);
  test.router.resume('ohlcv');
  await routeAndAdvance(test, message('ohlcv', 9), 59_000);
  expect(sink.calls).toEqual([]);
  await test.advance(1_100);
  expect(numbers(sink.delivered)).toEqual([9]);
});

it('a drain ends as soon as all that it waits for went back', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 2, breaker: false } },
  });
  sink.otherwise = fail({ retryAfterMs: 20_000 });
  await appendAndAdvance(1, 50);
  const removed = test.router.remove('ohlcv', { deadlineMs: 30_000 });
  await test.advance(50);
  expect(test.router.explain('ohlcv')).toMatchObject({ state: 'draining', waiting: 2, inFlight: 0 });
  source.lose(0);
  expect(await test.advanceUntil(removed)).toMatchObject({ returned: 2 });
  expect(test.clock.now()).toBeLessThan(1_000);
});

it('a call that fails after its partition was lost is not tried again and makes no dead letter', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 2, retry: { attempts: 1 } } },
  });
  const held = holdNext(sink);
  await appendAndAdvance(1, 50);
  source.lose(0);
  held.fail(Object.assign(new Error('bad'), { retryable: false }));
  await test.advance(60_000);
  expect(sink.calls).toHaveLength(1);
  expect(await test.router.deadLetters.list()).toEqual([]);
  expect(test.router.metrics().channels.ohlcv).toMatchObject({ returned: 2, buffered: 0, inFlight: 0 });
});

it('a source that fails while it is read is closed and started again, and brings what was not committed', async () => {
  const { appendAndAdvance, info, source, sink, test } = await sourceRig();
  await appendAndAdvance(2, 50);
  source.failReads(new Error('the connection broke'));
  await test.advance(1_100);
  expect(info().state).toBe('waiting');
  expect(test.router.explain('bars').sentence).toMatch(
    /^source bars has been waiting to be started again for .* \(.*: the connection broke\)\. It starts again in /,
  );
  expect(test.router.health()).toMatchObject({ status: 'degraded', sources: { bars: { status: 'degraded' } } });
  source.failReads(undefined);
  await appendAndAdvance(1, 3_000);
  expect(info().state).toBe('reading');
  expect(test.router.explain('bars').error).toBeUndefined();
  expect(new Set(numbers(sink.delivered))).toEqual(new Set([0, 1, 2, 3]));
  expect(source.committed()).toBe(3);
  expect(test.router.metrics().sources.bars).toMatchObject({ restarts: 1 });
});

it('a source that cannot be reached is tried again, later each time, and never given up', async () => {
  const clock = createSimulatedClock();
  const starts: number[] = [];
  const source = {
    ...simulatedSource({ clock }),
    start: () => {
      starts.push(clock.now());
      return Promise.reject(new Error('no route to host'));
    },
  };
  const test = await createTestRouter({ clock, sinks: { ohlcv: {} }, sources: { bars: source } });
  await test.advance(3_600_000);
  expect(starts.slice(0, 4)).toEqual([0, 500, 1_500, 3_500]);
  expect(starts.length).toBeGreaterThan(100);
  expect(test.router.sources.get('bars')?.state).toMatch(/waiting|starting/);
});

it('a start that does not settle is given up after 30 s and tried again', async () => {
  const clock = createSimulatedClock();
  let starts = 0;
  const source = {
    ...simulatedSource({ clock }),
    start: () => {
      starts += 1;
      return new Promise<void>(() => {});
    },
  };
  const test = await createTestRouter({ clock, sinks: { ohlcv: {} }, sources: { bars: source } });
  await test.advance(31_000);
  expect(starts).toBe(2);
  expect(test.facts('source.entered').find(({ to }) => to === 'recovering')?.error).toMatchObject({
    message: 'the source did not start in time',
  });
});

it('a source that says that no other attempt helps is given up until an operator restarts it', async () => {
  const clock = createSimulatedClock();
  const inner = simulatedSource({ clock });
  let isBroken = true;
  const source = {
    ...inner,
    start: (owner: Parameters<typeof inner.start>[0]) =>
      isBroken
        ? Promise.reject(Object.assign(new Error('the log went back'), { retryable: false }))
        : inner.start(owner),
  };
  const test = await createTestRouter({ clock, sinks: { ohlcv: { batchSize: 2 } }, sources: { bars: source } });
  await test.advance(100_000);
  expect(test.router.alerts).toMatchObject([
    { alert: 'source-failed', channel: null, source: 'bars', text: 'the source was given up: the log went back' },
  ]);
  expect(test.router.health().sources.bars?.status).toBe('unhealthy');
  expect(test.facts('source.gaveUp')).toMatchObject([{ source: 'bars' }]);
  expect(test.clock.pending).toBe(0);
  isBroken = false;
  test.router.restart('bars');
  inner.append(messages('ohlcv', 2));
  await test.advance(1_000);
  expect(inner.committed()).toBe(1);
  expect(test.router.alerts).toEqual([]);
});

it('a channel that is taken out with messages of a source makes it read them again', async () => {
  const { appendAndAdvance, source, test } = await sourceRig({ sinks: { fmv: {} } });
  test.router.pause('ohlcv');
  await appendAndAdvance(2, 100);
  const removed = test.router.remove('ohlcv', { deadlineMs: 100 });
  await test.advanceUntil(removed);
  await test.advance(3_000);
  expect((await test.router.deadLetters.list()).map(({ reason }) => reason)).toEqual(new Array(4).fill('unknown-type'));
  expect(source.committed()).toBe(2);
});

it('a reload does not disturb a source', async () => {
  const { appendAndAdvance, source, sink, test } = await sourceRig({ sinks: { ohlcv: { batchSize: 2, capacity: 4 } } });
  sink.script.push(fail());
  await appendAndAdvance(10, 1);
  const reloaded = test.router.reconfigure({ channels: { ohlcv: { batchSize: 1, partitions: 2, capacity: 2 } } });
  await test.advanceUntil(reloaded);
  await test.advance(10_000);
  expect([...numbers(sink.delivered)].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(source.committed()).toBe(10);
  expect(test.facts('stay.ended')).toEqual([]);
});

it('a host that ends its machine closes its sources without a commit', async () => {
  const { appendAndAdvance, source, test } = await sourceRig();
  await appendAndAdvance(2, 50);
  (test.router.actor as unknown as { stop(): void }).stop();
  await test.advance(1_000);
  expect(source.committed()).toBe(0);
  expect(test.router.sources.get('bars')?.state).toBe('stopped');
  expect(test.clock.pending).toBe(0);
});

it('R7.7 a message that the process dies of is found within its window, one at a time, and becomes a dead letter', async () => {
  const clock = createSimulatedClock();
  const source = simulatedSource({ clock });
  for (let n = 0; n < 4; n += 1) source.append(messages('ohlcv', 3, n * 3));
  const seen: number[][] = [];
  let deaths = 0;
  for (let process = 0; process < 8 && source.committed() < 4; process += 1) {
    const sinks = { ohlcv: { batchSize: 3, timeoutMs: 5 } };
    const rig = await sourceRig({ clock, source, isStarted: false, sinks });
    let isDead = false;
    const own: number[] = [];
    seen.push(own);
    rig.sink.otherwise = ({ batch }) => {
      if (isDead) return new Promise(() => {});
      own.push(...batch.map(({ n }) => n));
      if (!batch.some(({ n }) => n === 7)) return undefined;
      isDead = true;
      deaths += 1;
      source.kill();
      return new Promise(() => {});
    };
    rig.test.router.start().catch(() => {});
    await rig.test.advance(3_000);
    if (isDead) continue;
    expect(await rig.test.router.deadLetters.list()).toMatchObject([
      { channel: 'ohlcv', reason: 'crashed', message: { n: 7 } },
    ]);
    expect(rig.test.router.metrics().conserved).toBe(true);
    await rig.test.stop();
  }
  expect(source.committed()).toBe(4);
  expect(deaths).toBe(4);
  expect(seen.at(-2)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(seen.at(-1)).toEqual([6, 8, 9, 10, 11]);
});

it('a message is not given up when the process died at its position only twice', async () => {
  const clock = createSimulatedClock();
  const source = simulatedSource({ clock });
  source.append([message('ohlcv', 1)]);
  for (let process = 0; process < 2; process += 1) {
    const rig = await sourceRig({ clock, source, isStarted: false });
    rig.sink.otherwise = hang();
    rig.test.router.start().catch(() => {});
    await rig.test.advance(100);
    source.kill();
  }
  const rig = await sourceRig({ clock, source });
  await rig.test.advance(1_000);
  expect(numbers(rig.sink.delivered)).toEqual([1]);
  expect(await rig.test.router.deadLetters.list()).toEqual([]);
});

it('a handler that stops the router while its frame is offered leaves the rest of the frame with the reader', async () => {
  const { clock, source, sink, test } = await sourceRig({
    isStarted: false,
    sinks: { ohlcv: { batchSize: 1, priority: 1, timeoutMs: 5 } },
  });
  source.append(messages('ohlcv', 5));
  sink.otherwise = ({ batch }) => {
    if (batch[0]?.n === 1) test.router.stop().catch(() => {});
  };
  test.router.start().catch(() => {});
  await test.advance(1_000);
  const report = await test.stop();
  expect(numbers(sink.delivered)).toEqual([0, 1]);
  expect(report.sources.bars).toMatchObject({ committed: 0, held: 1, heldFrames: [{ positions: [1] }] });
  const again = await sourceRig({ clock, source });
  await again.test.advance(1_000);
  expect(numbers(again.sink.delivered)).toEqual([0, 1, 2, 3, 4]);
});

it('a revoke while an offer waits for room begins no other offer', async () => {
  const { source, sink, test } = await sourceRig({ sinks: { ohlcv: { batchSize: 1, capacity: 1 } } });
  const held = holdNext(sink);
  source.append(messages('ohlcv', 6));
  await test.advance(50);
  const revoked = source.revoke(0, 500);
  held.succeed();
  await test.advance(600);
  await revoked;
  expect(numbers(sink.delivered).length).toBeLessThan(6);
  expect(source.committed()).toBe(0);
});
