import { expect, it } from 'vitest';
import { busy, createRig, messages } from '../../support/router-rig.ts';

it('R5.2 a reader that only peeks takes nothing from the next one', async () => {
  const rig = await createRig({ channels: { ohlcv: { batchSize: 10 } } });
  rig.sink('ohlcv').reaction = busy(5);
  rig.router.routeAll(messages('ohlcv', 10));
  await rig.clock.advance(10);
  const read = (peek: boolean) => {
    const { window, depthMax } = rig.router.metrics({ peek }).channels.ohlcv ?? {};
    return { calls: window?.processing.count, maxMs: window?.processing.maxMs, depthMax };
  };
  const busyOnce = { calls: 1, maxMs: 5, depthMax: 10 };
  expect([read(true), read(true), read(false), read(true)]).toEqual([
    busyOnce,
    busyOnce,
    busyOnce,
    { calls: 0, maxMs: 0, depthMax: 0 },
  ]);
  await rig.stop();
});
