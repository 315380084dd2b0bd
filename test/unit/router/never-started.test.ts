import { expect, it } from 'vitest';
import { createTestRouter } from '../../../src/testing/index.ts';

it('a router that was never started is not live after `stop`', async () => {
  const rig = await createTestRouter({ isStarted: false, sinks: { tick: {} } });
  expect(rig.router.health()).toMatchObject({ state: 'starting', live: true, ready: false });
  await rig.stop();
  expect(rig.router.state).toBe('stopped');
  expect(rig.router.health()).toMatchObject({ state: 'stopped', live: false, ready: false });
});
