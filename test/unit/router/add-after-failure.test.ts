import { expect, it } from 'vitest';
import { createTestRouter, hang, message } from '../../../src/testing/index.ts';

it('a router that has failed takes no more channels, and is not reconfigured: nothing would ever start them', async () => {
  const rig = await createTestRouter({
    sinks: { tick: { processTimeoutMs: 50, abandonAfterMs: 20, restart: { limit: 0 } } },
    config: { router: { onGiveUp: 'escalate' } },
  });
  const { router } = rig;
  rig.sink('tick').otherwise = hang();
  router.route(message('tick', 0));
  await rig.advance(1_000);
  expect(router.state).toBe('failed');
  expect(() => router.add('more', rig.sink('more').channel)).toThrow('the router is failed');
  await expect(router.reconfigure({ channels: { tick: { capacity: 7 } } })).rejects.toMatchObject({
    code: 'not-running',
  });
  expect([...router.channels.keys()]).toEqual(['tick']);
  const report = await rig.stop();
  expect(report.channels).toMatchObject({ tick: { state: 'stopped' } });
});
