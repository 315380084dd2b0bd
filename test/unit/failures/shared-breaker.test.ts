import { describe, expect, it } from 'vitest';
import type { SinkCall, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, hang, messages, reject, slow, succeed } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, holdNext, routeAndAdvance } from '../../support/routed.ts';

const breaker = {
  shared: 'warehouse',
  window: { count: 4 },
  minimumCalls: 2,
  coolDownMs: 1_000,
  coolDownMsMax: 1_000,
  probes: 4,
};
const limits = { batchSize: 8, priority: 2, breaker };
const both = ['ohlcv', 'fmv'] as const;

function createPair(change: object = {}): Promise<TestRouter> {
  return createTestRouter({ sinks: { ohlcv: { ...limits, ...change }, fmv: { ...limits, ...change } } });
}

/** How many calls of both channels ran at the same time, at most, among those that are picked. */
function together(rig: TestRouter, durationMs: number, isPicked: (call: SinkCall<TestMessage>) => boolean): number {
  const calls = both.flatMap((name) => rig.sink(name).calls.filter(isPicked));
  return Math.max(
    ...calls.map(({ at }) => calls.filter((other) => other.at <= at && at < other.at + durationMs).length),
  );
}

describe('R6.3 two channels that share a breaker', () => {
  it('are both held up when the sink fails one of them, and both told', async () => {
    const rig = await createPair();
    rig.sink('ohlcv').otherwise = reject();
    await routeAndAdvance(rig, [...messages('ohlcv', 8), ...messages('fmv', 3)], 500);
    expect(rig.facts('breaker.opened')).toMatchObject([{ channel: 'ohlcv' }, { channel: 'fmv' }]);
    for (const name of both) expect(rig.router.explain(name)).toMatchObject({ state: 'tripped' });
    expect(rig.router.alerts.map(({ alert, channel }) => [alert, channel])).toEqual([
      ['breaker-open', 'ohlcv'],
      ['breaker-open', 'fmv'],
    ]);
  });

  it('probe one at a time, with whole batches, and come back together after `probes` successes', async () => {
    const rig = await createPair();
    for (const name of both) rig.sink(name).otherwise = slow(10);
    rig.router.trip('ohlcv');
    await routeAndAdvance(rig, [...messages('ohlcv', 64), ...messages('fmv', 64)], 10_000);
    const probes = both.flatMap((name) => rig.sink(name).calls.filter(({ trigger }) => trigger === 'probe'));
    expect(probes).toHaveLength(4);
    for (const probe of probes) expect(probe.batch).toHaveLength(8);
    for (const name of both)
      expect(probes.some(({ batch }) => batch[0]?.ev === (name === 'fmv' ? 'FMV' : 'AM'))).toBe(true);
    expect(together(rig, 10, ({ trigger }) => trigger === 'probe')).toBe(1);
    expect(rig.facts('breaker.closed').map(({ channel }) => channel)).toEqual([...both]);
    for (const name of both) expect(numbersOf(rig.sink(name).delivered)).toEqual(numbers(64));
  });

  it('stay open together when a probe of one of them fails', async () => {
    const rig = await createPair();
    rig.router.trip('fmv');
    rig.sink('ohlcv').otherwise = reject();
    await routeAndAdvance(rig, [...messages('ohlcv', 8), ...messages('fmv', 8)], 30_000);
    expect(rig.metrics('ohlcv').breaker?.state).not.toBe('closed');
    expect(rig.metrics('fmv').breaker).toEqual(rig.metrics('ohlcv').breaker);
    rig.sink('ohlcv').otherwise = succeed();
    await rig.advance(60_000);
    for (const name of both) expect(numbersOf(rig.sink(name).delivered)).toEqual(numbers(8));
  });

  it('do not wait for a probe of one that is taken out', async () => {
    const rig = await createPair({ capacity: 8 });
    rig.sink('ohlcv').script.push(hang());
    rig.router.trip('ohlcv');
    await routeAndAdvance(rig, [...messages('ohlcv', 8), ...messages('fmv', 8)], 1_000);
    expect(Math.min(rig.metrics('ohlcv').inFlight, rig.metrics('fmv').inFlight)).toBe(0);
    await rig.advanceUntil(rig.router.remove('ohlcv', { deadlineMs: 100 }));
    expect(await deliveredAfter(rig, 'fmv', 1_000)).toEqual(numbers(8));
  });

  it('drain one after the other while it probes: none gives up its messages because the other one has the permit', async () => {
    const rig = await createPair();
    const probe = holdNext(rig.sink('ohlcv'));
    rig.router.trip('ohlcv');
    await routeAndAdvance(rig, [...messages('ohlcv', 8), ...messages('fmv', 8)], 1_000);
    const stopped = rig.router.stop({ deadlineMs: 3_000 });
    await rig.advance(500);
    probe.succeed();
    const report = await rig.advanceUntil(stopped);
    expect(report.channels).toMatchObject({ ohlcv: { returned: 0, delivered: 8 }, fmv: { returned: 0, delivered: 8 } });
  });
});

it('channels with a breaker of their own are not held up by another one', async () => {
  const rig = await createTestRouter({
    sinks: { ohlcv: limits, fmv: { ...limits, breaker: { ...breaker, shared: 'other' } } },
  });
  rig.router.trip('ohlcv');
  expect(await deliveredAfter(rig, 'fmv', 100, messages('fmv', 8))).toEqual(numbers(8));
});
