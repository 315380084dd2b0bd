import { expect, it } from 'vitest';
import { createRouter, defineChannel } from '../../../src/index.ts';
import { busy, fail, failWhen, hang, hold, message, messages } from '../../../src/testing/index.ts';
import { holdNext, routeAndAdvance } from '../../support/routed.ts';
import { sourceRig } from './source-rig.ts';

it('what was delivered is committed 200 ms later', async () => {
  const { appendAndAdvance, source, test } = await sourceRig();
  await appendAndAdvance(3, 150);
  expect(test.metrics('ohlcv').delivered).toBe(6);
  expect(source.committed()).toBe(0);
  await test.advance(100);
  expect(source.committed()).toBe(3);
});

it('256 settled frames are committed at once', async () => {
  const { append, source, test } = await sourceRig();
  append(300);
  await test.clock.settle();
  expect(source.committed()).toBeGreaterThanOrEqual(256);
});

it('R7.1 nothing behind a frame that is not settled is committed, and all of it once that is', async () => {
  const { append, appendAndAdvance, metrics, source, test } = await sourceRig({ sinks: { fmv: { batchSize: 1 } } });
  const held = holdNext(test.sink('fmv'));
  append(2);
  source.append(messages('fmv', 1));
  await appendAndAdvance(5, 10_000);
  expect(source.committed()).toBe(2);
  expect(metrics().places).toEqual({ reader: 0, offers: 0, channels: 1, letters: 0, settled: 5 });
  held.succeed();
  await test.advance(300);
  expect(source.committed()).toBe(8);
});

it('a frame whose messages go to two channels waits for both', async () => {
  const { source, test } = await sourceRig({ sinks: { fmv: { batchSize: 1 } } });
  const held = holdNext(test.sink('fmv'));
  source.append([message('ohlcv', 1), message('fmv', 1)]);
  await test.advance(1_000);
  expect(source.committed()).toBe(0);
  held.succeed();
  await test.advance(300);
  expect(source.committed()).toBe(1);
});

it('a message that is retried keeps the commit where it is, and a dead letter lets it go on', async () => {
  const { appendAndAdvance, source, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 1, retry: { attempts: 3, delayMs: 1_000, delayMsMax: 1_000 } } },
  });
  test.sink('ohlcv').otherwise = failWhen(({ n }) => n === 0);
  await appendAndAdvance(1, 1);
  expect(source.committed()).toBe(0);
  await test.advance(20_000);
  await appendAndAdvance(1, 20_000);
  expect((await test.router.deadLetters.list()).map(({ reason }) => reason)).toContain('poison');
  expect(source.committed()).toBe(2);
});

it('invalid and unknown messages are settled as dead letters', async () => {
  const { source, test } = await sourceRig();
  source.append([{ ev: 'nobody' }, message('ohlcv', 1)]);
  await test.advance(500);
  expect(await test.router.deadLetters.list()).toMatchObject([{ reason: 'unknown-type', message: { ev: 'nobody' } }]);
  expect(source.committed()).toBe(1);
});

it('a message that nobody wants is settled without a dead letter', async () => {
  const { appendAndAdvance, source, test } = await sourceRig();
  await test.router.reconfigure({
    channels: { ohlcv: { batchSize: 2, timeoutMs: 10 } },
    router: { recognize: { ignore: ['status'] } },
  });
  source.append([{ ev: 'status' }]);
  await appendAndAdvance(1, 500);
  expect(await test.router.deadLetters.list()).toEqual([]);
  expect(source.committed()).toBe(2);
});

it('a frame that cannot be decoded is one dead letter with its bytes, and is settled', async () => {
  const { appendAndAdvance, source, test } = await sourceRig();
  const bytes = new Uint8Array([1, 2, 3]);
  source.appendBytes(bytes);
  await appendAndAdvance(1, 500);
  expect(await test.router.deadLetters.list()).toMatchObject([
    { channel: null, reason: 'undecodable', message: bytes },
  ]);
  expect(source.committed()).toBe(2);
});

it('a full mailbox makes the reader wait, and refuses nothing', async () => {
  const { appendAndAdvance, info, source, test } = await sourceRig({ sinks: { ohlcv: { batchSize: 1, capacity: 3 } } });
  test.router.pause('ohlcv');
  await appendAndAdvance(10, 1_000);
  expect(test.metrics('ohlcv')).toMatchObject({ accepted: 3, rejected: 0 });
  expect(info().partitions[0]?.places).toMatchObject({ reader: 8, offers: 1 });
  test.router.resume('ohlcv');
  await test.advance(1_000);
  expect(test.metrics('ohlcv')).toMatchObject({ delivered: 20, rejected: 0 });
  expect(source.committed()).toBe(10);
});

it('what a tripped channel refuses is offered again, in order, and never skipped', async () => {
  const { appendAndAdvance, info, source, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 1, whenTripped: 'reject', breaker: { coolDownMs: 2_000 } } },
  });
  test.router.trip('ohlcv');
  await appendAndAdvance(3, 1_000);
  expect(test.metrics('ohlcv').accepted).toBe(0);
  expect(info().state).toBe('reading');
  await test.advance(10_000);
  expect(sink.delivered.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(source.committed()).toBe(3);
});

it('reading stops when the window is full of frames, and goes on with the commit', async () => {
  const { appendAndAdvance, info, sink, source, test } = await sourceRig({ window: { frames: 4 } });
  const held = holdNext(sink);
  await appendAndAdvance(10, 1_000);
  expect(info()).toMatchObject({
    state: 'held',
    partitions: [{ read: 4, held: 4, fullBy: 'frames', oldestPosition: 1 }],
  });
  held.succeed();
  await test.advance(1_000);
  expect(source.committed()).toBe(10);
  expect(info().state).toBe('reading');
});

it.each([
  ['bytes', { bytes: 60 }],
  ['age', { ageMs: 5_000 }],
] as const)('reading stops when the window is full of %s', async (limit, window) => {
  const { appendAndAdvance, info, sink } = await sourceRig({ window });
  sink.script.push(hang());
  await appendAndAdvance(1, 6_000);
  await appendAndAdvance(5, 1_500);
  expect(info()).toMatchObject({ state: 'held', partitions: [{ fullBy: limit }] });
});

it('each partition has a window of its own: a held one does not stop the others', async () => {
  const { append, info, source, sink, test } = await sourceRig({
    partitions: 2,
    window: { frames: 2 },
    sinks: { fmv: { batchSize: 1 } },
  });
  test.sink('fmv').script.push(hang());
  source.append(messages('fmv', 1), 1);
  append(3, 1);
  append(8, 0);
  await test.advance(2_000);
  expect(sink.delivered.length).toBeGreaterThanOrEqual(16);
  expect(source.committed(0)).toBe(8);
  expect(source.committed(1)).toBe(0);
  expect(info().state).toBe('reading');
});

it('a commit whose outcome is unknown is asked for again', async () => {
  const { appendAndAdvance, source, test } = await sourceRig();
  source.failCommits('unknown');
  await appendAndAdvance(2, 2_000);
  expect(source.committed()).toBe(0);
  source.failCommits(undefined);
  await test.advance(500);
  expect(source.committed()).toBe(2);
});

it('positions that were removed before they were read are told as a gap', async () => {
  const { appendAndAdvance, metrics, source, test } = await sourceRig({ window: { frames: 1 } });
  test.router.pause('ohlcv');
  await appendAndAdvance(6, 100);
  source.remove(3);
  test.router.resume('ohlcv');
  await test.advance(2_000);
  expect(test.facts('source.gap')).toEqual([{ source: 'bars', partition: 0, from: 2, to: 4 }]);
  expect(metrics()).toMatchObject({ read: 3, missed: 3 });
});

it('process sees where its batch lies in the source, and nothing for what was routed', async () => {
  const { appendAndAdvance, sink, test } = await sourceRig({ sinks: { ohlcv: { batchSize: 4 } } });
  const seen: unknown[] = [];
  sink.otherwise = ({ context }) => void seen.push(context.positions);
  await appendAndAdvance(2, 10);
  await routeAndAdvance(test, messages('ohlcv', 4), 10);
  expect(seen).toEqual([[{ source: 'bars', partition: 0, fence: 1, lowest: 1, highest: 2 }], []]);
});

it('a batch of several partitions has a position of each', async () => {
  const { append, sink, test } = await sourceRig({ partitions: 2, sinks: { ohlcv: { batchSize: 8 } } });
  const seen: unknown[] = [];
  sink.otherwise = ({ context }) => void seen.push(context.positions);
  append(2, 0);
  append(2, 1);
  await test.advance(500);
  expect(seen.flat()).toEqual([
    { source: 'bars', partition: 0, fence: 1, lowest: 1, highest: 2 },
    { source: 'bars', partition: 1, fence: 1, lowest: 1, highest: 2 },
  ]);
});

it('a message with a data type that its source names needs no recognition', async () => {
  const { source, clock, test: first } = await sourceRig();
  await first.stop();
  const seen: unknown[] = [];
  const router = createRouter({
    channels: { plain: defineChannel({ process: (batch) => void seen.push(...batch) }) },
    sources: { bars: { source, dataType: 'plain' } },
    config: { channels: { plain: { batchSize: 1 } } },
    clock,
  });
  source.append(['no event type']);
  await router.start();
  await clock.advance(10);
  expect(seen).toEqual(['no event type']);
  const stopped = router.stop();
  await clock.advance(100);
  expect((await stopped).conserved).toBe(true);
});

it('a failing sink makes the offers wait and loses nothing when it comes back', async () => {
  const { appendAndAdvance, sink, source, test } = await sourceRig({ sinks: { ohlcv: { batchSize: 2, capacity: 4 } } });
  sink.otherwise = fail();
  await appendAndAdvance(30, 60_000);
  expect(test.router.metrics().conserved).toBe(true);
  sink.otherwise = () => {};
  await test.advance(600_000);
  expect(source.committed()).toBe(30);
  const dead = (await test.router.deadLetters.list()).map(({ message: letter }) => (letter as { n: number }).n);
  expect([...sink.delivered.map(({ n }) => n), ...dead].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 60 }, (_, n) => n),
  );
});

it('a message that two channels share is settled when both have settled it, and is found in the one that has not', async () => {
  const { source, test } = await sourceRig({
    sinks: { store: { dataType: 'ohlcv', batchSize: 1, processTimeoutMs: 600_000 } },
  });
  const held = hold();
  const seen: unknown[] = [];
  test.sink('store').script.push(({ context }) => void seen.push(...context.positions), held);
  source.append(messages('ohlcv', 2));
  await test.advance(62_000);
  expect(test.metrics('ohlcv').delivered).toBe(2);
  expect(source.committed()).toBe(0);
  expect(seen).toEqual([{ source: 'bars', partition: 0, fence: 1, lowest: 1, highest: 1 }]);
  expect(test.router.alerts.find(({ alert }) => alert === 'source-held')?.channel).toBe('store');
  held.succeed();
  await test.advance(500);
  expect(source.committed()).toBe(1);
});

it('where calls of priority 1 compute, the event loop turns after a call of each partition, whatever the frames', async () => {
  const { clock, sink, source, test } = await sourceRig({
    partitions: 4,
    sinks: { ohlcv: { priority: 1, batchSize: 1 } },
  });
  const total = 4 * 100;
  let delivered = 0;
  sink.otherwise = (call) => {
    delivered += 1;
    return busy(3)(call);
  };
  for (let partition = 0; partition < 4; partition += 1) source.append(messages('ohlcv', 100), partition);
  let last = clock.now();
  let longestMs = 0;
  const look = (): void => {
    longestMs = Math.max(longestMs, clock.now() - last);
    last = clock.now();
    if (delivered < total) clock.setImmediate(look);
  };
  look();
  await test.advance(10_000);
  expect(delivered).toBe(total);
  expect(longestMs).toBeLessThanOrEqual(2 * 4 * 3);
});
