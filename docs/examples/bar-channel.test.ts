import { testBatch } from 'sluice/testing';
import { expect, it } from 'vitest';
import { BarChannel } from './bar-channel.ts';

const bar = { ev: 'AM', sym: 'AAPL', s: 1_735_828_200_000, e: 1_735_828_260_000, o: 100, c: 101 };

it('emits one event for a bar that moved, and rejects a bar without a close', async () => {
  const { outcomes, events } = await testBatch(BarChannel, [bar, { ...bar, c: undefined }, { ...bar, c: 102 }], {
    config: { eventRules: { minMovePercent: 0.5 } },
  });
  expect(outcomes).toMatchObject([
    { status: 'delivered', attempts: 1 },
    { status: 'rejected', reason: 'invalid' },
    { status: 'delivered', attempts: 1 },
  ]);
  expect(events).toMatchObject([{ type: 'move', symbol: 'AAPL', to: 101 }]);
});
