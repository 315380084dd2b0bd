import { expect, it } from 'vitest';
import type { Reaction, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, fail, messages, slow } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const retry = { attempts: 1 };

it('a probe that closes the breaker is evidence against what failed before it, which is not delivered behind it', async () => {
  const rig = await createTestRouter({ sinks: { tick: { retry, breaker: { coolDownMs: 100, probes: 1 } } } });
  rig.router.trip('tick');
  rig.sink('tick').script.push(fail());
  expect(await deliveredAfter(rig, 'tick', 1_000, messages('tick', 3))).toEqual([1, 2]);
  expect(rig.facts('message.deadLettered')).toMatchObject([{ reason: 'poison', message: { n: 0 } }]);
});

/** Message 0 fails at once; the call of message 1 is in flight when an operator pauses and resumes the channel. */
async function pausedDuringSecondCall(...reactions: Reaction<TestMessage>[]): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { tick: { retry } } });
  rig.sink('tick').script.push(fail(), ...reactions);
  rig.router.pause();
  rig.router.routeAll(messages('tick', 3));
  rig.router.resume();
  await rig.advance(10);
  rig.router.pause();
  rig.router.resume();
  await rig.advance(10_000);
  return rig;
}

it('a call that goes on through a pause is evidence against what failed before it', async () => {
  const rig = await pausedDuringSecondCall(slow(50));
  expect(numbersOf(rig.sink('tick').delivered)).toEqual([1, 2]);
  expect(rig.facts('message.deadLettered')).toMatchObject([{ reason: 'poison', message: { n: 0 } }]);
});

it('a call that fails after a pause, as all behind it do, lets what failed before it go first again', async () => {
  const failLater: Reaction<TestMessage> = async (call) => {
    await slow(50)(call);
    throw new Error('down');
  };
  const rig = await pausedDuringSecondCall(failLater, fail());
  expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
});

it('a suspect ahead of a batch that has to be split is set aside once, and the search goes on behind it', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, retry: { ...retry, delayMs: 1_000 } } } });
  const sink = rig.sink('ohlcv');
  sink.otherwise = ({ batch }) => {
    const isBad = batch.some(({ n }) => n === 0 || n === 5);
    if (isBad && sink.calls.length < 100) throw Object.assign(new Error('refused'), { retryable: batch[0]?.n === 0 });
  };
  await routeAndAdvance(rig, messages('ohlcv', 1), 200);
  await routeAndAdvance(rig, messages('ohlcv', 10, 1), 10_000);
  expect(numbersOf(sink.delivered)).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10]);
  expect(sink.calls.length).toBeLessThan(20);
});
