import { expect, it } from 'vitest';
import { createTestRouter, hold, messages } from '../../../src/testing/index.ts';

it('a stop at the very first moment, with no time at all, ends a reload that waits', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 1 } } });
  expect(rig.clock.now()).toBe(0);
  rig.sink('ohlcv').script.push(hold());
  rig.router.routeAll(messages('ohlcv', 3));
  await rig.advance(0);
  const reload = rig.router.reconfigure({ channels: { ohlcv: { batchSize: 1, partitions: 2 } } });
  const refused = expect(reload).rejects.toMatchObject({ code: 'not-running' });
  await rig.advance(0);
  const report = await rig.stop({ deadlineMs: 0 });
  await refused;
  expect(report).toMatchObject({ conserved: true, channels: { ohlcv: { returned: 2, inFlight: 1 } } });
  expect(rig.clock.pending).toBe(0);
});
