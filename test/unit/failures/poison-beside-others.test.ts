import { describe, expect, it } from 'vitest';
import { createTestRouter, failWhen, message, messages, reject, succeed } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const breaker = {
  window: { count: 4 },
  minimumCalls: 2,
  failureRate: 0.5,
  coolDownMs: 50,
  coolDownMsMax: 200,
  probes: 2,
};
const limits = { batchSize: 4, priority: 2, timeoutMs: 5, retry: { attempts: 2, delayMs: 10, delayMsMax: 10 } };
/** Nothing comes after it in its own queue: nothing can show that it is not the sink. */
const POISON = 99;

describe('poison that nothing gives evidence against', () => {
  it.each([['tick'], ['fmv']] as const)(
    'does not hold up another channel of the same breaker: in %s',
    async (poisoned) => {
      const shared = { ...limits, breaker: { ...breaker, shared: 'sink' } };
      const rig = await createTestRouter({ sinks: { tick: shared, ohlcv: shared, fmv: shared } });
      for (const name of ['tick', 'fmv']) rig.sink(name).otherwise = failWhen(({ n }) => n === POISON);
      await routeAndAdvance(rig, message(poisoned, POISON), 1_000);
      expect(rig.router.explain('ohlcv').state).toMatch(/tripped|probing/);
      expect(await deliveredAfter(rig, 'ohlcv', 10_000, messages('ohlcv', 20))).toEqual(numbers(20));
      expect(rig.metrics(poisoned)).toMatchObject({ buffered: 1, deadLettered: 0 });
    },
  );

  it('does not hold up another partition that has to look for its own', async () => {
    const rig = await createTestRouter({ sinks: { tick: { ...limits, partitions: 2, breaker } } });
    const { router } = rig;
    rig.sink('tick').otherwise = failWhen(({ n }) => n >= POISON);
    router.pause();
    // These two keys are in different partitions.
    router.route(message('tick', POISON, 'B'));
    router.route(message('tick', POISON + 1, 'A'));
    for (const n of numbers(10)) router.route(message('tick', n, 'A'));
    router.resume();
    expect(await deliveredAfter(rig, 'tick', 30_000)).toEqual(numbers(10));
    expect(rig.metrics('tick')).toMatchObject({ buffered: 1, deadLetteredBy: { poison: 1 } });
  });
});

it('a sink that is down gets no more calls because several share its breaker, and each of them has its turn', async () => {
  const shared = { ...limits, breaker: { ...breaker, shared: 'sink' } };
  const rig = await createTestRouter({ sinks: { tick: shared, ohlcv: shared, fmv: shared } });
  const all = ['tick', 'ohlcv', 'fmv'] as const;
  for (const name of all) rig.sink(name).otherwise = reject();
  for (const name of all) rig.router.routeAll(messages(name, 20));
  await rig.advance(5_000);
  const opened = rig.metrics('tick').breaker?.opened ?? 0;
  const calls = (): number => all.reduce((sum, name) => sum + rig.metrics(name).calls, 0);
  const before = calls();
  await rig.advance(5_000);
  // Ten suspects may be tried again before that is held against the sink, and then the breaker opens: for all together.
  const stays = (rig.metrics('tick').breaker?.opened ?? 0) - opened + 1;
  expect(calls() - before).toBeLessThanOrEqual(stays * 11);
  for (const name of all) expect(rig.sink(name).calls.filter(({ at }) => at > 5_000).length).toBeGreaterThan(5);
  for (const name of all) rig.sink(name).otherwise = succeed();
  await rig.advance(10_000);
  for (const name of all) expect(numbersOf(rig.sink(name).delivered)).toEqual(numbers(20));
});
