import { expect, it } from 'vitest';
import { createRig, messages } from '../../support/router-rig.ts';

it('a handler that empties its batch and then fails loses nothing', async () => {
  const rig = await createRig({ channels: { ohlcv: { batchSize: 4 } } });
  rig.sink('ohlcv').script.push(({ batch }) => {
    (batch as unknown[]).splice(0, 2);
    throw new Error('failed after taking two out');
  });
  rig.router.routeAll(messages('ohlcv', 4));
  await rig.advance(10_000);
  expect(rig.sink('ohlcv').delivered).toEqual([0, 1, 2, 3]);
  expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 4, delivered: 4, inFlight: 0 });
});
