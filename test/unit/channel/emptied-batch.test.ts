import { expect, it } from 'vitest';
import { createTestRouter, messages } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

it('a handler that empties its batch and then fails loses nothing', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 4 } } });
  rig.sink('ohlcv').script.push(({ batch }) => {
    (batch as unknown[]).splice(0, 2);
    throw new Error('failed after taking two out');
  });
  rig.router.routeAll(messages('ohlcv', 4));
  await rig.advance(10_000);
  expect(numbersOf(rig.sink('ohlcv').delivered)).toEqual([0, 1, 2, 3]);
  expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 4, delivered: 4, inFlight: 0 });
});
