import { expect, it } from 'vitest';
import { takeFrame } from '../../../src/inspector/frame.ts';
import { type Reading, readRouter } from '../../../src/metrics/reading.ts';
import { busy, createTestRouter, message } from '../../../src/testing/index.ts';

it('a frame shows how long calls took since the reading before it, and nothing when there was none', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const tickFrame = (reading: Reading, before?: Reading) =>
    takeFrame(rig.router, rig.clock, reading, before).channels[0];
  rig.sink('tick').script.push(busy(64), busy(4));
  rig.router.route(message('tick', 0));
  const first = readRouter(rig.router);
  expect(tickFrame(first)?.processing?.p99Ms).toBeGreaterThan(60);
  rig.router.route(message('tick', 1));
  const second = readRouter(rig.router);
  expect(tickFrame(second, first)?.processing?.p99Ms).toBeLessThan(5);
  expect(tickFrame(second, second)?.processing).toBeNull();
});
