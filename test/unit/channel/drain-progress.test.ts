import { expect, it } from 'vitest';
import { createTestRouter, messages } from '../../../src/testing/index.ts';

it('a drain tells after each batch how many messages are left', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 4 } } });
  rig.router.routeAll(messages('ohlcv', 10));
  await rig.stop();
  expect(rig.facts('drain.progressed').map(({ left }) => left)).toEqual([6, 2, 0]);
});

it('an observing breaker shows in the metrics that its limits are exceeded', async () => {
  const breaker = { observeOnly: true, minimumCalls: 2, window: { count: 4 } };
  const rig = await createTestRouter({
    sinks: { tick: { breaker, retry: { attempts: 5, delayMs: 1, delayMsMax: 1 } } },
  });
  rig.sink('tick').otherwise = () => {
    throw new Error('down');
  };
  rig.router.routeAll(messages('tick', 4));
  await rig.advance(100);
  expect(rig.metrics('tick').breaker).toMatchObject({ state: 'closed', wouldBeOpen: true, opened: 0 });
});
