import { describe, expect, it } from 'vitest';
import { createTestRouter, messages, reject } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

describe('a channel without a breaker', () => {
  it('takes messages in whatever its sink does, also with `whenTripped: reject`', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: false, whenTripped: 'reject', batchSize: 1 } } });
    rig.sink('tick').otherwise = reject();
    expect(rig.router.routeAll(messages('tick', 30))).toMatchObject({ accepted: 30, rejected: 0 });
    await rig.advance(600_000);
    expect(rig.metrics('tick')).toMatchObject({ rejected: 0, deadLetteredBy: { failed: 30 }, breaker: null });
  });

  it('takes over new limits in place, and still has none', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: false, batchSize: 10, timeoutMs: 50 } } });
    const changes = await rig.router.reconfigure({
      channels: { tick: { breaker: false, batchSize: 2, timeoutMs: 50 } },
    });
    expect(changes).toMatchObject([{ path: ['channels', 'tick', 'batchSize'], after: 2 }]);
    rig.router.routeAll(messages('tick', 2));
    await rig.advance(1);
    expect([numbersOf(rig.sink('tick').delivered), rig.metrics('tick').breaker]).toEqual([numbers(2), null]);
  });
});
