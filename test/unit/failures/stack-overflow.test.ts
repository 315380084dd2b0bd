import { describe, expect, it } from 'vitest';
import { createTestRouter, message, succeed, type TestRouter } from '../../../src/testing/index.ts';

/** Routes at each depth of a stack that is used up, from the deepest on: some of these calls overflow inside the router. */
function routeFromTheDepth(rig: TestRouter): number {
  let thrown = 0;
  let n = 0;
  const dive = (): void => {
    try {
      dive();
    } catch {
      // The stack is full from here down.
    }
    if (n >= 400) return;
    try {
      n += 1;
      rig.router.route(message('tick', n));
    } catch {
      thrown += 1;
    }
  };
  dive();
  return thrown;
}

// What overflows first depends on how deep the stack is here, which no test can choose.
describe('R7.3 after a stack overflow inside the router', () => {
  it.each([
    ['that awaits', () => Promise.resolve(), 1],
    ['that is synchronous', () => {}, 1],
    ['in batches', () => {}, 3],
  ])('no call stays in flight for ever with a sink %s', async (_name, reaction, batchSize) => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize, priority: 1, capacity: 10_000 } } });
    rig.sink('tick').otherwise = reaction;
    for (let round = 0; round < 5; round += 1) {
      expect(routeFromTheDepth(rig)).toBeGreaterThan(0);
      await rig.clock.advance(30_000);
      expect(rig.router.explain('tick').inFlight).toBe(0);
      rig.checkConserved();
    }
    rig.sink('tick').otherwise = succeed();
    const before = rig.metrics('tick').delivered;
    rig.router.route(message('tick', -1));
    await rig.clock.advance(30_000);
    expect(rig.metrics('tick').delivered).toBeGreaterThan(before);
    const report = await rig.stop();
    expect(report.channels.tick).toMatchObject({ buffered: 0, inFlight: 0 });
  });
});
