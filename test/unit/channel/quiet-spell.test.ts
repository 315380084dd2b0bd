import { expect, it } from 'vitest';
import { createRouter, ProcessingChannel } from '../../../src/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

class Collecting extends ProcessingChannel<unknown> {
  readonly seen: unknown[] = [];

  override process(batch: readonly unknown[]): void {
    this.seen.push(...batch);
  }
}

it('R3.3 after a pause the next message of priority 1 is delivered inside route', async () => {
  const clock = createSimulatedClock();
  const channel = new Collecting();
  const router = createRouter({ channels: { tick: () => channel }, clock });
  const started = router.start();
  await clock.settle();
  await started;
  for (const price of [1, 2, 3]) {
    expect(router.route({ ev: 'T', sym: 'A', p: price })).toEqual({ status: 'accepted' });
    expect(channel.seen).toHaveLength(price);
    await clock.advance(1_000);
    expect(router.explain('tick').state).toBe('idle');
  }
});
