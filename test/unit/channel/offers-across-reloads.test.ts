import { describe, expect, it } from 'vitest';
import { createTestRouter, hold, message, messages } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, holdNext, routeAndAdvance } from '../../support/routed.ts';

const limits = { batchSize: 1, capacity: 2 };

/** A channel whose mailbox is full behind a call that is held. */
async function fullRig() {
  const rig = await createTestRouter({ sinks: { ohlcv: limits } });
  const call = holdNext(rig.sink('ohlcv'));
  await routeAndAdvance(rig, message('ohlcv', 0), 10);
  rig.router.routeAll(messages('ohlcv', 2, 1));
  return { rig, call };
}

describe('Q4 an offer that waits for room while its channel gets other partitions', () => {
  it('is let in by the partition that serves its key now, in the order of asking', async () => {
    const { rig, call } = await fullRig();
    const offers = [3, 4, 5, 6].map((n) => rig.router.offer(message('ohlcv', n)));
    const reload = rig.router.reconfigure({ channels: { ohlcv: { ...limits, partitions: 2 } } });
    await rig.advance(1_000);
    expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 3, delivered: 0 });
    call.succeed();
    await rig.advanceUntil(reload);
    await rig.advanceUntil(Promise.all(offers));
    expect(await deliveredAfter(rig, 'ohlcv', 1_000)).toEqual(numbers(7));
    expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 7, rejected: 0 });
  });

  it('can still be taken back by its signal: it was never received', async () => {
    const { rig, call } = await fullRig();
    const controller = new AbortController();
    const kept = rig.router.offer(message('ohlcv', 3));
    const taken = rig.router.offer(message('ohlcv', 4), { signal: controller.signal });
    const reload = rig.router.reconfigure({ channels: { ohlcv: { ...limits, partitions: 2 } } });
    rig.sink('ohlcv').otherwise = hold();
    call.succeed();
    await rig.advanceUntil(reload);
    await rig.advance(100);
    controller.abort(new Error('changed my mind'));
    await expect(taken).rejects.toThrow('changed my mind');
    expect(await rig.advanceUntil(kept)).toEqual({ status: 'accepted' });
    expect(rig.metrics('ohlcv').received).toBe(4);
  });
});
