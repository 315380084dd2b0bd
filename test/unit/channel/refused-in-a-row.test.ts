import { expect, it } from 'vitest';
import { createTestRouter, message, messages } from '../../../src/testing/index.ts';

it('however many messages in a row no attempt can help, trials behind an open breaker go through them', async () => {
  const COUNT = 20_000;
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, capacity: COUNT + 10 } } });
  const { router } = rig;
  rig.sink('tick').otherwise = ({ batch }) => {
    if (batch[0]?.sym === 'refused') throw Object.assign(new Error('message refused'), { retryable: false });
  };
  router.trip('tick');
  for (let n = 0; n < COUNT; n += 1) router.route(message('tick', n, 'refused'));
  router.routeAll(messages('tick', 5, COUNT));
  await rig.advance(60_000);
  expect(rig.metrics('tick')).toMatchObject({ delivered: 5, deadLetteredBy: { 'not-retryable': COUNT }, buffered: 0 });
  expect(router.explain('tick').state).toBe('idle');
});
