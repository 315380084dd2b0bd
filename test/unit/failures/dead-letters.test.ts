import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { defineChannel } from '../../../src/index.ts';
import {
  createTestRouter,
  message,
  messages,
  reject,
  slow,
  succeed,
  type TestRouter,
} from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const malformed = Object.assign(new Error('malformed'), { retryable: false });

/** A router whose channel has given so many messages up, and works again. */
async function rigWithDead(count: number, router = {}): Promise<TestRouter> {
  const rig = await createTestRouter({ config: { router }, sinks: { tick: {} } });
  rig.sink('tick').otherwise = reject(malformed);
  await routeAndAdvance(rig, messages('tick', count), 100);
  rig.sink('tick').otherwise = succeed();
  return rig;
}

const deadNumbers = async (rig: TestRouter): Promise<number[]> =>
  (await rig.router.deadLetters.list()).map(({ message: dead }) => (dead as { n: number }).n);
/** The numbers that were handed over since a time. */
const deliveredSince = (rig: TestRouter, at: number): number[] =>
  rig.sink('tick').calls.flatMap((call) => (call.at >= at ? call.batch.map(({ n }) => n) : []));

describe('R2.4 the store of dead letters', () => {
  it('tells of each letter what, whose, why, when and after how many attempts, and the host of it at once', async () => {
    const rig = await rigWithDead(1);
    const [letter] = await rig.router.deadLetters.list();
    expect(letter).toMatchObject({
      id: 1,
      channel: 'tick',
      reason: 'not-retryable',
      error: malformed,
      attempts: 1,
      message: { n: 0 },
    });
    expect(letter?.at).toBe(rig.clock.wallTime() - 100);
    expect(rig.facts('message.deadLettered')).toEqual([letter]);
  });

  it('R10.3 is bounded: when it is full the oldest goes, and is counted', async () => {
    const rig = await rigWithDead(5, { deadLetters: { capacity: 3 } });
    expect(await deadNumbers(rig)).toEqual([2, 3, 4]);
    expect(rig.router.metrics().deadLetters).toMatchObject({ stored: 3, evicted: 2 });
    expect(rig.metrics('tick').deadLettered).toBe(5);
    await rig.router.reconfigure({ router: { deadLetters: { capacity: 1 } }, channels: { tick: {} } });
    expect(await deadNumbers(rig)).toEqual([4]);
  });
});

describe('R2.4 noise', () => {
  it('pushes no letter of an accepted message out: 76,000 heartbeats without a channel leave it where it is', async () => {
    const rig = await rigWithDead(1);
    for (let second = 0; second < 76; second += 1) {
      for (let n = 0; n < 1_000; n += 1) rig.router.route({ ev: 'heartbeat', n });
      await rig.clock.advance(1_000);
    }
    const [first, ...noise] = await rig.router.deadLetters.list();
    expect(first).toMatchObject({ channel: 'tick', reason: 'not-retryable', message: { n: 0 } });
    expect(noise).toHaveLength(2_000);
    const { conserved, unroutable, deadLetters } = rig.router.metrics();
    expect({ conserved, unroutable }).toEqual({ conserved: true, unroutable: 76_000 });
    expect(deadLetters.stored + deadLetters.evicted + deadLetters.skipped).toBe(76_001);
    expect(rig.facts('message.rejected')).toHaveLength(76_000);
    expect(rig.facts('message.deadLettered').length).toBeLessThan(3_000);
  });

  it('that nobody wants is counted and not kept: by `ev`, by data type, or where a rule says null', async () => {
    const rig = await createTestRouter({
      sinks: { tick: {} },
      recognize: [(each) => (each === null ? null : undefined), (each) => (each === 7 ? 'news' : undefined)],
      config: { router: { recognize: { ignore: ['status', 'news', 'tick', 'T', 'AM'] } } },
    });
    const ignored = { status: 'rejected', reason: 'ignored' };
    for (const unwanted of [{ ev: 'status' }, { ev: 'AM' }, 7, null])
      expect(rig.router.route(unwanted)).toEqual(ignored);
    expect(rig.router.route({}, { dataType: 'news' })).toEqual(ignored);
    expect(await rig.router.offer({ ev: 'status' })).toEqual(ignored);
    // Where a channel serves the type, it is wanted.
    expect(rig.router.route(message('tick', 1)).status).toBe('accepted');
    expect(rig.router.metrics()).toMatchObject({ received: 7, ignored: 6, unroutable: 0, conserved: true });
    expect([await rig.router.deadLetters.list(), rig.facts('message.rejected')]).toEqual([[], []]);
    rig.checkConserved();
    await rig.router.reconfigure({ channels: { tick: {} } });
    expect(rig.router.route({ ev: 'status' })).toMatchObject({ reason: 'unknown-type' });
  });
});

describe('R2.4 a replay', () => {
  it('routes letters again, oldest first, no faster than `perSecond`', async () => {
    const rig = await rigWithDead(5);
    const from = rig.clock.now();
    expect(await rig.advanceUntil(rig.router.deadLetters.replay({ perSecond: 10 }))).toEqual({
      replayed: 5,
      left: 0,
      refused: null,
    });
    expect(deliveredSince(rig, from)).toEqual(numbers(5));
    expect(
      rig
        .sink('tick')
        .calls.slice(5)
        .map(({ at }) => at - from),
    ).toEqual([0, 100, 200, 300, 400]);
    expect(await rig.router.deadLetters.list()).toEqual([]);
    rig.checkConserved();
  });

  it('and others with the same signal make Node warn of nothing', async () => {
    const rig = await rigWithDead(20);
    const { signal } = new AbortController();
    const warnings = vi.spyOn(process, 'emitWarning').mockReturnValue();
    rig.router.route(message('tick', 99));
    const replays = numbers(20, 1).map((id) => rig.router.deadLetters.replay({ id, signal }));
    await rig.advance(1_000);
    expect(await Promise.all(replays)).toEqual(Array(20).fill({ replayed: 1, left: 0, refused: null }));
    expect([warnings.mock.calls, getEventListeners(signal, 'abort')]).toEqual([[], []]);
    vi.restoreAllMocks();
  });

  it('replays what is asked for, and no more', async () => {
    const rig = await rigWithDead(5);
    const from = rig.clock.now();
    expect(await rig.advanceUntil(rig.router.deadLetters.replay({ limit: 2 }))).toMatchObject({ replayed: 2 });
    expect(await rig.advanceUntil(rig.router.deadLetters.replay({ id: 5 }))).toMatchObject({ replayed: 1 });
    expect(deliveredSince(rig, from)).toEqual([0, 1, 4]);
    expect(await deadNumbers(rig)).toEqual([2, 3]);
  });

  it('goes behind live traffic: a letter waits until nothing waits in its channel', async () => {
    const rig = await rigWithDead(2);
    rig.sink('tick').otherwise = slow(50);
    rig.router.routeAll(messages('tick', 4, 10));
    const from = rig.clock.now();
    const replay = rig.router.deadLetters.replay({ perSecond: 1_000 });
    await rig.advance(120);
    rig.router.routeAll(messages('tick', 2, 14));
    await rig.advanceUntil(replay);
    await rig.advance(1_000);
    expect(deliveredSince(rig, from)).toEqual([10, 11, 12, 13, 14, 15, 0, 1]);
  });

  it.each(['trip', 'pause', 'stop'] as const)('is refused while its channel does not deliver: %s', async (how) => {
    const rig = await rigWithDead(2);
    if (how === 'stop') await rig.stop();
    else rig.router[how]('tick');
    const report = await rig.advanceUntil(rig.router.deadLetters.replay());
    const state = { trip: 'tripped', pause: 'paused', stop: 'stopped' }[how];
    expect(report).toEqual({ replayed: 0, left: 0, refused: `channel tick is ${state}` });
    expect(await deadNumbers(rig)).toEqual([0, 1]);
  });

  it('stops when the breaker opens on the way: what was not replayed stays', async () => {
    const rig = await rigWithDead(4);
    const replay = rig.router.deadLetters.replay({ perSecond: 10 });
    await rig.advance(150);
    rig.router.trip('tick');
    expect(await rig.advanceUntil(replay)).toEqual({ replayed: 2, left: 0, refused: 'channel tick is tripped' });
    expect(await deadNumbers(rig)).toEqual([2, 3]);
  });

  it('passes over a letter that was dropped while the replay waited for its turn', async () => {
    const rig = await rigWithDead(3);
    const from = rig.clock.now();
    const replay = rig.router.deadLetters.replay({ perSecond: 10 });
    await rig.advance(50);
    const [, second] = numbers(3);
    expect(await rig.router.deadLetters.drop({ id: 2 })).toBe(1);
    expect(await rig.advanceUntil(replay)).toEqual({ replayed: 2, left: 0, refused: null });
    expect(deliveredSince(rig, from)).toEqual(numbers(3).filter((n) => n !== second));
  });

  it('stops when it is told to, also while it waits behind live traffic', async () => {
    const rig = await rigWithDead(4);
    const controller = new AbortController();
    rig.sink('tick').otherwise = slow(60_000);
    rig.router.route(message('tick', 9));
    const replay = rig.router.deadLetters.replay({ signal: controller.signal });
    await rig.advance(100);
    controller.abort();
    expect(await rig.advanceUntil(replay)).toEqual({ replayed: 0, left: 0, refused: 'it was aborted' });
  });

  it('leaves a letter that came back `replaysMax` times where it is', async () => {
    const rig = await rigWithDead(1);
    rig.sink('tick').otherwise = reject(malformed);
    for (const expected of [{ replayed: 1 }, { replayed: 1 }, { replayed: 0, left: 1 }]) {
      expect(await rig.advanceUntil(rig.router.deadLetters.replay({ replaysMax: 2 }))).toMatchObject(expected);
      await rig.advance(100);
    }
    expect(await rig.router.deadLetters.list()).toHaveLength(1);
    expect(rig.metrics('tick')).toMatchObject({ accepted: 3, deadLettered: 3 });
  });

  it('routes a message that is no object as any other, and then there is nothing to count its replays by', async () => {
    let isKnown = false;
    const rig = await createTestRouter({
      sinks: { tick: {} },
      recognize: [(each) => (isKnown && typeof each === 'number' ? 'tick' : undefined)],
    });
    expect(rig.router.route(17)).toEqual({ status: 'rejected', reason: 'unknown-type' });
    expect(await rig.advanceUntil(rig.router.deadLetters.replay())).toEqual({ replayed: 0, left: 1, refused: null });
    isKnown = true;
    expect(await rig.advanceUntil(rig.router.deadLetters.replay({ replaysMax: 1 }))).toMatchObject({
      replayed: 1,
      left: 0,
    });
    await rig.advance(100);
    expect(rig.sink('tick').calls.flatMap(({ batch }): readonly unknown[] => batch)).toEqual([17]);
  });

  it('finds the channel that has come since for a message of an unknown type', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.route(message('ohlcv', 0));
    expect(await rig.advanceUntil(rig.router.deadLetters.replay())).toMatchObject({ replayed: 0, left: 1 });
    rig.router.add('ohlcv', rig.sink('ohlcv').channel);
    await rig.advance(10);
    expect(await rig.advanceUntil(rig.router.deadLetters.replay())).toMatchObject({ replayed: 1 });
    expect(await deliveredAfter(rig, 'ohlcv', 1_000)).toEqual([0]);
  });

  it('loses no letter when many are replayed at the same time, more than the mailbox holds', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 20 } } });
    rig.sink('tick').otherwise = reject(malformed);
    for (let n = 0; n < 60; n += 20) await routeAndAdvance(rig, messages('tick', 20, n), 100);
    rig.sink('tick').otherwise = slow(5);
    const from = rig.clock.now();
    const ids = (await rig.router.deadLetters.list()).map(({ id }) => id);
    // Each letter twice: the second finds it gone.
    const replays = [...ids, ...ids].map((id) => rig.router.deadLetters.replay({ id }));
    const reports = await rig.advanceUntil(Promise.all(replays));
    await rig.advance(100);
    expect(reports.filter(({ replayed }) => replayed === 1)).toHaveLength(60);
    expect(deliveredSince(rig, from)).toEqual(numbers(60));
    expect(rig.metrics('tick')).toMatchObject({ rejected: 0, delivered: 60, deadLettered: 60 });
    expect(await rig.router.deadLetters.list()).toEqual([]);
  });

  it('says the truth of letters that are invalid again: the same letters are there, and none twice', async () => {
    const validate = (): never => {
      throw new Error('never right');
    };
    const rig = await createTestRouter({ channels: { tick: defineChannel({ validate, process() {} }) } });
    rig.router.routeAll(messages('tick', 10));
    const letters = await rig.router.deadLetters.list();
    const report = await rig.advanceUntil(rig.router.deadLetters.replay());
    expect(report).toEqual({ replayed: 0, left: 10, refused: null });
    expect(await rig.router.deadLetters.list()).toEqual(letters);
    expect(rig.metrics('tick')).toMatchObject({ rejectedBy: { invalid: 20 } });
  });

  it('goes to the successor when a reload replaces the channel on the way', async () => {
    const rig = await rigWithDead(3);
    const replay = rig.router.deadLetters.replay({ perSecond: 10 });
    await rig.advance(50);
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { warmUpTimeoutMs: 1_234 } } }));
    expect(await rig.advanceUntil(replay)).toEqual({ replayed: 3, left: 0, refused: null });
  });

  it('ends with the router: no timer is left that would keep the process alive', async () => {
    const rig = await rigWithDead(3);
    const replay = rig.router.deadLetters.replay({ perSecond: 0.001 });
    await rig.advance(10);
    await rig.stop();
    expect(rig.clock.pending).toBe(0);
    expect(await replay).toEqual({ replayed: 1, left: 0, refused: 'channel tick is stopped' });
    expect(await deadNumbers(rig)).toEqual([1, 2]);
  });

  it('hears its signal at once, however long the wait is', async () => {
    const rig = await rigWithDead(3);
    const controller = new AbortController();
    const replay = rig.router.deadLetters.replay({ perSecond: 0.001, signal: controller.signal });
    await rig.advance(10);
    controller.abort();
    await rig.advance(0);
    expect(await replay).toEqual({ replayed: 1, left: 0, refused: 'it was aborted' });
    await rig.advance(5_000);
    expect(rig.clock.pending).toBe(0);
  });

  it.each([0, -1, Number.NaN])('refuses %d letters a second as misuse', async (perSecond) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    await expect(rig.router.deadLetters.replay({ perSecond })).rejects.toMatchObject({ code: 'invalid-option' });
  });

  it.each([-1, 1.5, Number.NaN, '3' as never])(
    'refuses a limit of %s as misuse, and so do `list` and `drop`',
    async (limit) => {
      const { deadLetters } = (await createTestRouter({ sinks: { tick: {} } })).router;
      const error = { code: 'invalid-option', message: expect.stringContaining('limit must be a whole number from 0') };
      for (const asked of [deadLetters.list({ limit }), deadLetters.drop({ limit }), deadLetters.replay({ limit })])
        await expect(asked).rejects.toMatchObject(error);
      await expect(deadLetters.replay({ replaysMax: limit })).rejects.toMatchObject({ code: 'invalid-option' });
    },
  );
});
