import {
  checkBounds,
  checkConservation,
  checkOrder,
  createSink,
  createTestRouter,
  fail,
  hang,
  slow,
} from 'sluice/testing';
import { expect, it } from 'vitest';
import { TradeChannel } from './trade-channel.ts';

it('an outage of the sink loses no trade and keeps the order of each symbol', async () => {
  const sink = createSink(TradeChannel, { script: [slow(50), hang()], otherwise: fail(new Error('down')) });
  const test = await createTestRouter({
    channels: { tick: sink.channel },
    config: { channels: { tick: { batchSize: 10, processTimeoutMs: 1_000, abandonAfterMs: 500 } } },
  });
  for (let p = 1; p <= 500; p += 1) test.router.route({ ev: 'T', sym: p % 2 === 0 ? 'AAPL' : 'MSFT', p });
  await test.advance(60_000);
  expect(test.router.explain('tick')).toMatchObject({ state: 'tripped', waiting: 500 - sink.delivered.length });

  sink.otherwise = slow(5);
  await test.advance(600_000);
  expect(sink.delivered).toHaveLength(500);
  expect(checkOrder(sink.delivered, { key: ({ sym = '' }) => sym, sequence: ({ p }) => p })).toEqual([]);
  expect(checkBounds(test.router.metrics(), test.router.config)).toEqual([]);
  expect(checkConservation(test.router.metrics())).toEqual([]);
  expect(checkConservation(await test.stop())).toEqual([]);
});
