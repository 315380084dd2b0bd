import { createTestRouter } from 'sluice/testing';
import { expect, it } from 'vitest';
import { BoundedMap } from './bounded-map.ts';
import { defineFairValueChannel } from './fair-value-channel.ts';
import { defineTradeChannel } from './trade-channel.ts';

it('a fair value far from the last trade emits an event when its batch is due', async () => {
  const lastPrices = new BoundedMap();
  await using test = await createTestRouter({
    channels: { tick: defineTradeChannel(lastPrices), fmv: defineFairValueChannel(lastPrices) },
    config: { channels: { fmv: { batchSize: 100, timeoutMs: 250 } } },
  });
  test.router.routeAll([
    { ev: 'T', sym: 'AAPL', p: 100 },
    { ev: 'FMV', sym: 'AAPL', fmv: 101 },
  ]);
  await test.advance(249);
  expect(test.events).toEqual([]);
  await test.advance(1);
  expect(test.events).toMatchObject([{ channel: 'fmv', event: { type: 'deviation', fairValue: 101, lastPrice: 100 } }]);
});
