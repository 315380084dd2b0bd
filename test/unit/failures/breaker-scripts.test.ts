import { describe, expect, it } from 'vitest';
import type { TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, fail, hang, message, messages, reject, succeed } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, holdNext, routeAndAdvance } from '../../support/routed.ts';

const NEVER = 1_000_000;
const quickRetry = { attempts: 3, delayMs: 1, delayMsMax: 1 };

function breakerOf(rig: TestRouter, channel = 'tick') {
  const { breaker } = rig.metrics(channel);
  if (breaker === null) throw new Error(`${channel} has no breaker`);
  return breaker;
}

describe('R6.3 what known breakers get wrong, through a whole router', () => {
  it('after an idle hour old failures do not count', async () => {
    const breaker = { window: { ms: 60_000 }, minimumCalls: 5, failureRate: 0.5 };
    const rig = await createTestRouter({ sinks: { tick: { breaker, retry: quickRetry } } });
    const sink = rig.sink('tick');
    for (const n of [0, 1]) {
      sink.script.push(fail());
      await routeAndAdvance(rig, message('tick', n), 100);
    }
    expect(breakerOf(rig).rates).toEqual({ calls: 4, failureRate: null, slowCallRate: null });
    await rig.advance(3_600_000);
    expect(breakerOf(rig).rates.calls).toBe(0);
    sink.script.push(fail());
    await routeAndAdvance(rig, message('tick', 3), 100);
    expect(breakerOf(rig)).toMatchObject({ state: 'closed', opened: 0, rates: { calls: 2 } });
  });

  it('a late failure does not open a half-open circuit again', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { breaker: { coolDownMs: 1_000, probes: 2, minimumCalls: 2, window: { count: 2 } } } },
    });
    const late = holdNext(rig.sink('tick'));
    rig.router.routeAll(messages('tick', 3));
    rig.router.trip('tick');
    await rig.advance(1_000);
    expect(rig.metrics('tick')).toMatchObject({ state: 'probing', inFlight: 1 });
    late.fail();
    await rig.advance(100);
    expect(rig.facts('breaker.opened')).toHaveLength(1);
    expect(breakerOf(rig).state).toBe('closed');
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
  });

  it('a probe is the batch that failed, whole and unchanged, and the batches after it are whole, too', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { batchSize: 8, retry: quickRetry, breaker: { minimumCalls: 2, window: { count: 2 } } } },
    });
    rig.sink('tick').script.push(fail(), fail());
    await routeAndAdvance(rig, messages('tick', 32), 60_000);
    expect(rig.facts('breaker.opened')).toHaveLength(1);
    const sizes = rig.sink('tick').calls.map(({ batch }) => [batch[0]?.n, batch.length]);
    expect(sizes).toEqual([0, 0, 0, 8, 16, 24].map((first) => [first, 8]));
  });

  it('a hung probe does not lock the half-open circuit: it is abandoned, and another one closes it', async () => {
    const breaker = { coolDownMs: 1_000, coolDownMsMax: 1_000, slowCallMs: 2_000, probes: 1 };
    const rig = await createTestRouter({
      sinks: { tick: { breaker, processTimeoutMs: 3_000, abandonAfterMs: 1_000 } },
    });
    rig.sink('tick').script.push(hang());
    rig.router.trip('tick');
    await routeAndAdvance(rig, messages('tick', 3), 1_000);
    expect(rig.metrics('tick')).toMatchObject({ state: 'probing', inFlight: 1 });
    await rig.advance(2_000);
    expect(rig.facts('breaker.opened').at(-1)).toMatchObject({ cause: 'probe-failed' });
    await rig.advance(60_000);
    expect(breakerOf(rig).state).toBe('closed');
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
    expect(rig.sink('tick').calls.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 1]);
  });

  it('a call that timed out keeps its place: none of the channel runs beside it unless it was abandoned', async () => {
    const breaker = { window: { count: 2 }, minimumCalls: 1, coolDownMs: 100, coolDownMsMax: 100, slowCallMs: 100 };
    const rig = await createTestRouter({ sinks: { tick: { breaker, processTimeoutMs: 200, abandonAfterMs: 10_000 } } });
    holdNext(rig.sink('tick'));
    await routeAndAdvance(rig, messages('tick', 5), 10_199);
    // The breaker has opened, cooled down and permitted probes meanwhile; none went out.
    expect(rig.facts('breaker.opened')[0]).toMatchObject({ cause: 'slow-call-rate' });
    expect(rig.states('tick')).toContain('probing');
    expect(rig.sink('tick').calls).toHaveLength(1);
    await rig.advance(1);
    expect(rig.metrics('tick')).toMatchObject({ state: 'failed', inFlight: 0 });
    expect(await deliveredAfter(rig, 'tick', 10_000)).toEqual([0, 1, 2, 3, 4]);
    expect(rig.sink('tick').calls[1]).toMatchObject({ attempt: 2 });
  });
});

describe('R6.3 the breaker of a channel', () => {
  it('sees a sink that hangs without waiting for a call to end', async () => {
    const breaker = { window: { count: 4 }, minimumCalls: 1, slowCallMs: 500, coolDownMs: NEVER, coolDownMsMax: NEVER };
    const rig = await createTestRouter({ sinks: { tick: { breaker } } });
    rig.sink('tick').script.push(hang());
    await routeAndAdvance(rig, message('tick', 0), 500);
    expect(rig.facts('breaker.opened')).toMatchObject([
      { channel: 'tick', cause: 'slow-call-rate', rates: { calls: 1, failureRate: 0, slowCallRate: 1 } },
    ]);
    expect(rig.metrics('tick')).toMatchObject({ state: 'tripped', inFlight: 1 });
  });

  it('cools down longer each time in a row, at random between half and all of it, up to `coolDownMsMax`', async () => {
    const breaker = { window: { count: 2 }, minimumCalls: 2, coolDownMs: 1_000, coolDownMsMax: 4_000 };
    const rig = await createTestRouter({ sinks: { tick: { breaker, retry: quickRetry } } });
    rig.sink('tick').otherwise = fail();
    await routeAndAdvance(rig, messages('tick', 3), 60_000);
    const coolDowns = rig.facts('breaker.opened').map(({ coolDownMs }) => coolDownMs);
    const limits = [1_000, 2_000, 4_000, 4_000, 4_000];
    expect(coolDowns.length).toBeGreaterThan(limits.length);
    for (const [index, limit] of limits.entries()) {
      expect(coolDowns[index]).toBeGreaterThanOrEqual(limit / 2);
      expect(coolDowns[index]).toBeLessThanOrEqual(limit);
    }
    expect(new Set(coolDowns.slice(2)).size).toBeGreaterThan(1);
  });

  it('that only observes counts and reports, and holds nothing up', async () => {
    const breaker = { window: { count: 4 }, minimumCalls: 2, observeOnly: true };
    const rig = await createTestRouter({ sinks: { tick: { breaker } } });
    rig.sink('tick').otherwise = fail();
    await routeAndAdvance(rig, messages('tick', 3), 10_000);
    expect(breakerOf(rig)).toMatchObject({
      ...{ state: 'closed', opened: 0, wouldBeOpen: true },
      rates: { failureRate: 1 },
    });
    rig.sink('tick').otherwise = succeed();
    await rig.advance(5_000);
    expect(rig.metrics('tick')).toMatchObject({ buffered: 0, deadLettered: 0 });
  });

  it('is opened by `trip` and closed by `reset`, at full size and without its history', async () => {
    const rig = await createTestRouter({
      sinks: { ohlcv: { batchSize: 8, breaker: { coolDownMs: NEVER, coolDownMsMax: NEVER } } },
    });
    rig.router.trip('ohlcv');
    expect(rig.facts('breaker.opened')).toMatchObject([{ channel: 'ohlcv', cause: 'operator' }]);
    await routeAndAdvance(rig, messages('ohlcv', 16), 10_000);
    expect(rig.metrics('ohlcv')).toMatchObject({ state: 'tripped', buffered: 16, calls: 0 });
    rig.router.reset('ohlcv');
    await rig.advance(10);
    expect(rig.facts('breaker.closed')).toMatchObject([{ channel: 'ohlcv', cause: 'operator' }]);
    expect(rig.sink('ohlcv').calls.map(({ batch }) => batch.length)).toEqual([8, 8]);
    expect(breakerOf(rig, 'ohlcv').rates.calls).toBe(2);
  });

  it('with `whenTripped: reject` refuses new messages while it is open, and takes them again when it probes', async () => {
    const rig = await createTestRouter({ sinks: { tick: { whenTripped: 'reject', breaker: { coolDownMs: 1_000 } } } });
    rig.router.trip('tick');
    expect(rig.router.route(message('tick', 0))).toEqual({ status: 'rejected', reason: 'tripped' });
    expect(await rig.router.offer(message('tick', 0))).toEqual({ status: 'rejected', reason: 'tripped' });
    expect(rig.metrics('tick').rejectedBy).toEqual({ tripped: 2 });
    await rig.advance(1_000);
    expect(rig.router.route(message('tick', 1))).toEqual({ status: 'accepted' });
    expect(await deliveredAfter(rig, 'tick', 100)).toEqual([1]);
  });
});

describe('a channel without a breaker', () => {
  it('takes messages in whatever its sink does, also with `whenTripped: reject`', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: false, whenTripped: 'reject', batchSize: 1 } } });
    rig.sink('tick').otherwise = reject();
    expect(rig.router.routeAll(messages('tick', 30))).toMatchObject({ accepted: 30, rejected: 0 });
    await rig.advance(600_000);
    expect(rig.metrics('tick')).toMatchObject({ rejected: 0, deadLetteredBy: { failed: 30 }, breaker: null });
  });

  it('takes over new limits in place, and still has none', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: false, batchSize: 10, timeoutMs: 50 } } });
    const changes = await rig.router.reconfigure({
      channels: { tick: { breaker: false, batchSize: 2, timeoutMs: 50 } },
    });
    expect(changes).toMatchObject([{ path: ['channels', 'tick', 'batchSize'], after: 2 }]);
    await routeAndAdvance(rig, messages('tick', 2), 1);
    expect([numbersOf(rig.sink('tick').delivered), rig.metrics('tick').breaker]).toEqual([numbers(2), null]);
  });
});
