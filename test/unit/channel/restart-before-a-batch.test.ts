import { expect, it } from 'vitest';
import { createTestRouter, messages } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

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
