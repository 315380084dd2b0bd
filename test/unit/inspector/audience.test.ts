import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Audience } from '../../../src/inspector/audience.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { SlowReader } from './visitor.ts';

const GREETING = 'greeting';

it('however a page reads, never more than one message waits beyond what its buffer holds, and it is never left with a gap', async () => {
  const reading = fc.array(fc.oneof(fc.constant('tell' as const), fc.constant('read' as const)), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(reading, fc.integer({ min: 1, max: 40 }), async (steps, highWaterMark) => {
      const clock = createSimulatedClock();
      const audience = new Audience(
        clock,
        () => GREETING,
        () => {},
      );
      const reader = new SlowReader(highWaterMark);
      audience.add(reader.response);
      let sent = 0;
      for (const step of steps) {
        if (step === 'read') reader.take();
        else {
          sent += 1;
          audience.tell(`message ${String(sent).padStart(4, '0')}`);
        }
        expect(reader.writableLength).toBeLessThanOrEqual(highWaterMark + 'message 0000'.length);
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (let turn = 0; turn <= steps.length; turn += 1) {
        reader.take();
        await new Promise((resolve) => setImmediate(resolve));
      }
      // After a gap comes a greeting, which tells everything anew.
      for (const [index, text] of reader.read.entries()) {
        if (text === GREETING) continue;
        const before = reader.read[index - 1] ?? '';
        if (before !== GREETING) expect(Number(text.slice(-4))).toBe(Number(before.slice(-4)) + 1);
      }
    }),
    { numRuns: 100 },
  );
});

it('a page is cut off once it has read nothing for 15 s, and not before', () => {
  const clock = createSimulatedClock();
  const sizes: number[] = [];
  const audience = new Audience(
    clock,
    () => GREETING,
    (size) => sizes.push(size),
  );
  const reader = new SlowReader(1);
  audience.add(reader.response);
  clock.jump(14_999);
  audience.tell('a');
  expect(reader.destroyed).toBe(false);
  clock.jump(1);
  audience.tell('b');
  expect(reader.destroyed).toBe(true);
});
