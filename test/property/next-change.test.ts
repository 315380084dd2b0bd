import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NextChange } from '../../src/core/next-change.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

const time = fc.integer({ min: 1, max: 50 });
const waits = fc.array(fc.record({ at: time, ms: fc.option(time, { nil: undefined }) }));

test('a wait ends with the first change after it began, or when its time is over, and leaves no timer', async () => {
  await fc.assert(
    fc.asyncProperty(waits, fc.array(time), async (all, changes) => {
      const clock = createSimulatedClock();
      const next = new NextChange(clock);
      const ended = new Map<object, number>();
      for (const wait of all)
        clock.setTimeout(() => void next.wait(wait.ms).then(() => ended.set(wait, clock.now())), wait.at);
      for (const at of changes) clock.setTimeout(() => next.notify(), at);
      await clock.advance(1_000);
      expect(clock.pending).toBe(0);
      for (const wait of all) {
        const end = Math.min(...changes.filter((at) => at >= wait.at), wait.at + (wait.ms ?? Number.POSITIVE_INFINITY));
        expect(ended.get(wait)).toBe(end === Number.POSITIVE_INFINITY ? undefined : end);
      }
    }),
  );
});
