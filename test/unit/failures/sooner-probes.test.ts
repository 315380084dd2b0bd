import { describe, expect, it } from 'vitest';
import type { TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, fail, failWhen, message, messages, reject, slow } from '../../../src/testing/index.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

/** A router whose sink was down for so long, with a message each so many ms. */
async function outage(ms: number, everyMs: number, tick: { readonly capacity?: number } = {}): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { tick } });
  rig.sink('tick').otherwise = fail();
  for (let n = 0; n < ms / everyMs; n += 1) await routeAndAdvance(rig, messages('tick', 1), everyMs);
  return rig;
}

describe('R6.3 a drain behind an open breaker', () => {
  it('probes at once: a sink that is well again gets everything', async () => {
    const rig = await outage(65_000, 20, { capacity: 10_000 });
    expect(rig.metrics('tick')).toMatchObject({ state: 'tripped', buffered: 3_250 });
    rig.sink('tick').otherwise = () => {};
    const report = await rig.stop({ deadlineMs: 25_000 });
    expect(report.channels.tick).toMatchObject({ drained: 3_250, returned: 0 });
    expect(report.elapsedMs).toBeLessThan(1_000);
  });

  it('tries again and again until its deadline, so that a sink that comes back meanwhile gets everything', async () => {
    for (const downMs of [1_000, 10_000, 24_000]) {
      const rig = await outage(200_000, 1_000);
      const until = rig.clock.now() + downMs;
      rig.sink('tick').otherwise = ({ clock }) => {
        if (clock.now() < until) throw new Error('down');
      };
      const report = await rig.stop({ deadlineMs: 25_000 });
      expect(report.channels.tick, `down for ${downMs} ms more`).toMatchObject({ drained: 200, returned: 0 });
    }
  });

  it('hands back what a sink does not take that stays down, after a bounded number of calls', async () => {
    const rig = await outage(100_000, 1_000);
    const before = rig.metrics('tick').calls;
    const report = await rig.stop({ deadlineMs: 25_000 });
    expect(report.channels.tick).toMatchObject({ drained: 0, returned: 100 });
    const calls = rig.metrics('tick').calls - before;
    expect(calls).toBeGreaterThan(3);
    expect(calls).toBeLessThan(15 * 11);
  });

  it.each([
    ['a backoff', 200, { retry: { delayMs: 60_000, delayMsMax: 60_000, attempts: 9 } }, {}],
    ['a rest that the sink asked for', 200, {}, { retryAfterMs: 200_000 }],
  ])('nothing is handed back untried after %s either', async (_name, afterMs, limits, advice) => {
    const rig = await createTestRouter({ seed: 4, sinks: { tick: limits } });
    rig.sink('tick').script.push(reject(advice));
    await routeAndAdvance(rig, messages('tick', 3), afterMs);
    expect(rig.metrics('tick').state).toBe('retrying');
    const report = await rig.stop({ deadlineMs: 5_000 });
    expect(report.channels.tick).toMatchObject({ drained: 3, returned: 0 });
  });

  it.each([50, 4_000, 20_000])('tries at once when an operator ends the wait, %s ms after its start', async (ms) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = fail();
    rig.router.routeAll(messages('tick', 3));
    const stopped = rig.router.stop({ deadlineMs: 50_000 });
    await rig.advance(ms);
    const { calls } = rig.metrics('tick');
    await rig.advance(1);
    expect(rig.metrics('tick').calls).toBe(calls);
    rig.sink('tick').otherwise = () => {};
    rig.router.flush('tick');
    await rig.advance(1);
    expect(rig.metrics('tick').calls).toBeGreaterThan(calls);
    expect(await stopped).toMatchObject({ channels: { tick: { drained: 3, returned: 0 } } });
  });

  it('leaves a breaker open that an operator holds open', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.trip('tick', { coolDownMs: Number.POSITIVE_INFINITY });
    rig.router.routeAll(messages('tick', 3));
    const report = await rig.stop({ deadlineMs: 5_000 });
    expect(report.channels.tick).toMatchObject({ drained: 0, returned: 3 });
  });

  it('of one channel probes for all partitions behind it', async () => {
    const rig = await createTestRouter({ sinks: { tick: { partitions: 4 } } });
    rig.sink('tick').otherwise = fail();
    for (let round = 0; round < 40; round += 1) {
      await routeAndAdvance(
        rig,
        messages('tick', 4).map((message) => ({ ...message, sym: `${message.n}` })),
        1_000,
      );
    }
    rig.sink('tick').otherwise = () => {};
    expect(await rig.stop({ deadlineMs: 5_000 })).toMatchObject({ channels: { tick: { returned: 0 } } });
  });
});

describe('R6.3 after a long outage', () => {
  async function waitForFirstCall(rig: TestRouter): Promise<number> {
    const backAt = rig.clock.now();
    rig.sink('tick').otherwise = () => {};
    const before = rig.metrics('tick').calls;
    while (rig.metrics('tick').calls === before) await rig.advance(100);
    return rig.clock.now() - backAt;
  }

  it('the first call comes within 30 s, without any configuration', async () => {
    const rig = await outage(131_000, 10_000);
    expect(await waitForFirstCall(rig)).toBeLessThanOrEqual(30_000);
  });

  it.each([30, 131, 400])('of %s s it comes within the first cool-down if the mailbox is full', async (seconds) => {
    const rig = await outage(seconds * 1_000, 200, { capacity: 100 });
    expect(rig.metrics('tick').buffered).toBeGreaterThanOrEqual(100);
    expect(await waitForFirstCall(rig)).toBeLessThanOrEqual(5_100);
  });

  it('a mailbox that fills during a cool-down cuts it, and the sink still gets its first cool-down', async () => {
    const rig = await outage(200_000, 100_000, { capacity: 80 });
    while ((rig.router.explain('tick').endsInMs ?? 0) < 10_000) await rig.advance(100);
    const { endsInMs } = rig.router.explain('tick');
    rig.router.routeAll(messages('tick', 40));
    expect(rig.router.explain('tick').endsInMs).toBeLessThan((endsInMs ?? 0) * 0.75);
    rig.router.routeAll(messages('tick', 40));
    expect(rig.router.explain('tick').endsInMs).toBeLessThanOrEqual(5_000);
  });
});

describe('R6.3 an error with `retryable: false` shows that the sink works', () => {
  const isBad = ({ n }: TestMessage): boolean => n % 10 === 3;
  const refusal = Object.assign(new Error('400'), { retryable: false });

  it.each([1, 8])('to a breaker that probes, with batches of %s', async (batchSize) => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize, breaker: { probes: 3 } } } });
    rig.sink('ohlcv').otherwise = failWhen<TestMessage>(isBad, refusal);
    rig.router.trip('ohlcv');
    await routeAndAdvance(rig, messages('ohlcv', 400), 5_500);
    expect(rig.metrics('ohlcv')).toMatchObject({
      delivered: 360,
      deadLettered: 40,
      breaker: { state: 'closed', opened: 1 },
    });
  });

  it('so that 100 bad messages at the head do not keep good ones back', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = failWhen<TestMessage>(({ n }) => n < 100, refusal);
    rig.router.trip('tick');
    expect(await deliveredAfter(rig, 'tick', 5_500, messages('tick', 110))).toEqual([
      100, 101, 102, 103, 104, 105, 106, 107, 108, 109,
    ]);
  });

  it('also where `context.fail` says it of every message', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5, breaker: { probes: 1 } } } });
    rig.sink('ohlcv').script.push(({ batch, context }) => {
      for (const index of batch.keys()) context.fail(index, refusal);
    });
    rig.router.trip('ohlcv');
    await routeAndAdvance(rig, messages('ohlcv', 5), 5_500);
    expect(rig.metrics('ohlcv')).toMatchObject({ deadLettered: 5, breaker: { state: 'closed', opened: 1 } });
  });
});

it('a drain waits for its turn to probe: what partitions behind the same breaker hold is delivered, not handed back', async () => {
  const breaker = { coolDownMs: 100, coolDownMsMax: 100, slowCallMs: 2_000, probes: 3 };
  const rig = await createTestRouter({ sinks: { tick: { partitions: 3, breaker } } });
  rig.router.trip('tick');
  for (let n = 0; n < 12; n += 1) rig.router.route(message('tick', n, `symbol ${n}`));
  rig.sink('tick').otherwise = slow(50);
  await rig.stop();
  expect(rig.metrics('tick')).toMatchObject({ delivered: 12, returned: 0 });
});
