import { describe, expect, it } from 'vitest';
import type { TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, fail, message, messages, reject, slow } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

/** Routes the next message, once, from inside the first listener of `type` that is called. */
function routeFrom(
  rig: TestRouter,
  type: 'batch.failed' | 'message.dropped' | 'message.deadLettered' | 'batch.flushed',
  n: number,
): void {
  let isDone = false;
  rig.router.events.on(type, () => {
    if (isDone) return;
    isDone = true;
    rig.router.route(message('tick', n));
  });
}

describe('`route` from inside a listener', () => {
  it('of `batch.failed` does not overtake the batch that failed', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    routeFrom(rig, 'batch.failed', 1);
    rig.sink('tick').script.push(fail());
    expect(await deliveredAfter(rig, 'tick', 1_000, message('tick', 0))).toEqual([0, 1]);
    expect(rig.sink('tick').calls.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
  });

  it('of `message.dropped` does not begin a second call beside the one that tells of the gap', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 2, overflow: 'drop-oldest' } } });
    let running = 0;
    let most = 0;
    rig.sink('tick').otherwise = async (call) => {
      running += 1;
      most = Math.max(most, running);
      await slow(5)(call);
      running -= 1;
    };
    routeFrom(rig, 'message.dropped', 9);
    await routeAndAdvance(rig, messages('tick', 5), 1_000);
    expect(most).toBe(1);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 3, 4, 9]);
    expect(rig.metrics('tick')).toMatchObject({ inFlight: 0, buffered: 0, dropped: 2, delivered: 4 });
  });

  it.each(['message.deadLettered', 'batch.flushed'] as const)('of `%s` is delivered after what waits', async (type) => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 10 } } });
    rig.router.pause();
    rig.router.routeAll(messages('tick', 3));
    rig.sink('tick').script.push(reject({ retryable: false }));
    routeFrom(rig, type, 3);
    rig.router.resume();
    expect(await deliveredAfter(rig, 'tick', 1_000)).toEqual(numbers(3, 1));
  });
});

it('a restart from inside a listener of `message.dropped` takes the batch back: the life that ended does not deliver it', async () => {
  const rig = await createTestRouter({
    sinks: { tick: { batchSize: 2, capacity: 4, overflow: 'drop-oldest', priority: 2 } },
  });
  const { router } = rig;
  let restarts = 0;
  router.events.on('message.dropped', () => {
    if (restarts === 0) router.restart('tick');
    restarts += 1;
  });
  router.routeAll(messages('tick', 6));
  await rig.advance(5_000);
  expect(restarts).toBe(1);
  expect(numbersOf(rig.sink('tick').delivered)).toEqual([2, 3, 4, 5]);
  expect(rig.sink('tick').calls.map(({ attempt }) => attempt)).toEqual([2, 1]);
  expect(rig.metrics('tick')).toMatchObject({
    accepted: 6,
    delivered: 4,
    dropped: 2,
    inFlight: 0,
    late: 0,
    restarts: 1,
  });
});

it.each([
  ['a promise', Promise.resolve()],
  ['nothing', undefined],
] as const)(
  'a handler that restarts its own channel and then returns %s: its batch comes again, what it did is late',
  async (_name, result) => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 3 } } });
    rig.sink('tick').script.push(() => {
      rig.router.restart('tick');
      return result;
    });
    await routeAndAdvance(rig, messages('tick', 3), 60_000);
    expect(rig.sink('tick').calls.map(({ attempt, batch }) => [attempt, batch.length])).toEqual([
      [1, 3],
      [2, 3],
    ]);
    // The watch over the call that is over would have ended the life that follows.
    expect(rig.metrics('tick')).toMatchObject({ delivered: 3, inFlight: 0, late: 1, restarts: 1, state: 'idle' });
    expect(rig.clock.pending).toBe(0);
  },
);
