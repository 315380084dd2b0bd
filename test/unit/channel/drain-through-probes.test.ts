import { expect, it } from 'vitest';
import { createTestRouter, message, slow } from '../../../src/testing/index.ts';

it('a drain waits for its turn to probe: what partitions behind the same breaker hold is delivered, not handed back', async () => {
  const breaker = { coolDownMs: 100, coolDownMsMax: 100, slowCallMs: 2_000, probes: 3 };
  const rig = await createTestRouter({ sinks: { tick: { partitions: 3, breaker } } });
  rig.router.trip('tick');
  for (let n = 0; n < 12; n += 1) rig.router.route(message('tick', n, `symbol ${n}`));
  rig.sink('tick').otherwise = slow(50);
  await rig.stop();
  expect(rig.metrics('tick')).toMatchObject({ delivered: 12, returned: 0 });
});
