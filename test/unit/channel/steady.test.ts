import { expect, it } from 'vitest';
import { partsOf } from '../../../src/router/router.ts';
import { createTestRouter, hold, message, messages } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

/** Without a breaker nothing keeps full batches from the short way. */
const steady = { batchSize: 2, breaker: false } as const;

it('a flush makes due what waited when it was asked for, also if that is more than a full batch, and nothing later', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { ...steady, timeoutMs: 1_000 } } });
  const { router } = rig;
  router.pause();
  router.routeAll(messages('ohlcv', 5));
  router.flush();
  router.resume();
  expect(await deliveredAfter(rig, 'ohlcv', 1)).toEqual(numbers(5));
  router.route(message('ohlcv', 5));
  expect(await deliveredAfter(rig, 'ohlcv', 900)).toEqual(numbers(5));
  expect(await deliveredAfter(rig, 'ohlcv', 100)).toEqual(numbers(6));
});

it('the next message is told of a loss also when all that waited behind it went back to its source', async () => {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 1, overflow: 'drop-newest' } } });
  const { fleet, intake } = partsOf(rig.router);
  const origin = { source: 'ticks', isOver: false, settled() {}, handedBack() {} };
  const call = hold();
  await routeAndAdvance(rig, message('tick', 0), 0);
  rig.sink('tick').script.push(call);
  rig.router.route(message('tick', 1));
  void intake.offer(message('tick', 2), {}, origin);
  rig.router.route(message('tick', 3));
  origin.isOver = true;
  fleet.returnEnded();
  call.succeed();
  await rig.advance(0);
  rig.router.route(message('tick', 4));
  expect(rig.sink('tick').calls.at(-1)?.context.gaps).toMatchObject([{ count: 1, reason: 'drop-newest' }]);
});

it('room that a full batch makes goes at once to whoever waits for it', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { ...steady, capacity: 2 } } });
  const [first, second] = [hold(), hold()];
  rig.sink('ohlcv').script.push(first, second);
  await routeAndAdvance(rig, messages('ohlcv', 2), 0);
  rig.router.routeAll(messages('ohlcv', 2, 2));
  const offer = rig.router.offer(message('ohlcv', 4));
  await rig.advance(1);
  expect(rig.metrics('ohlcv').accepted).toBe(4);
  first.succeed();
  await rig.advance(1);
  expect([rig.sink('ohlcv').calls.length, rig.metrics('ohlcv').accepted]).toEqual([2, 5]);
  expect(await offer).toEqual({ status: 'accepted' });
});

it('a channel whose rest is not due yet lets others go on in the same turn of the event loop', async () => {
  const channels = { ohlcv: { ...steady, priority: 2 }, fmv: { ...steady, priority: 3 } };
  const rig = await createTestRouter({ sinks: channels });
  const log: string[] = [];
  for (const name of ['ohlcv', 'fmv'])
    rig.sink(name).otherwise = async ({ batch }) => void log.push(`${name} ${batch.length}`);
  const turn = (): void => {
    log.push('turn');
    if (log.length < 6) rig.clock.setImmediate(turn);
  };
  rig.clock.setImmediate(turn);
  rig.router.routeAll([...messages('ohlcv', 3), ...messages('fmv', 2)]);
  await rig.clock.settle();
  const [first, ...others] = log.slice(log.indexOf('ohlcv 2'));
  expect([first, others[0]]).toEqual(['ohlcv 2', 'fmv 2']);
});
