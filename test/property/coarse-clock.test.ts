import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CALL_WEIGHT, CoarseClock, STRIDE_MAX } from '../../src/core/coarse-clock.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

/** The limit up to which messages share readings, in ms: a reading is doubled only after work as brief as this. */
const BRIEF_MS = 0.02;

function createClock() {
  const time = createSimulatedClock();
  let readings = 0;
  let passes = 0;
  const counted = {
    ...time,
    now(): number {
      readings += 1;
      return time.now();
    },
  };
  const passEnded = (): void => {
    passes += 1;
  };
  const clock = new CoarseClock(counted, { mustTurnAgain: () => false, passEnded });
  return { time, clock, readings: () => readings, passes: () => passes };
}

/** Stretches of messages that take so long each. */
const work = fc.array(
  fc.record({ messages: fc.integer({ min: 1, max: 600 }), eachMs: fc.constantFrom(0, 0.000_05, 0.001, 0.03, 5) }),
  { minLength: 1, maxLength: 8 },
);

test('a reading never runs ahead of the clock and never goes back', () => {
  fc.assert(
    fc.property(work, (stretches) => {
      const { clock, time } = createClock();
      const wrong: number[] = [];
      for (const { messages, eachMs } of stretches) {
        for (let n = 0; n < messages; n += 1) {
          const before = clock.now;
          time.jump(eachMs);
          clock.advance(1);
          if (clock.now < before || clock.now > time.now()) wrong.push(clock.now);
        }
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test('while each message takes long, each has a reading of its own as soon as one such reading was taken', () => {
  fc.assert(
    fc.property(work, (stretches) => {
      const { clock, time } = createClock();
      for (const { messages, eachMs } of [...stretches, { messages: 2 * STRIDE_MAX + 2, eachMs: 1 }]) {
        for (let n = 0; n < messages; n += 1) {
          time.jump(eachMs);
          clock.advance(1);
          if (eachMs >= BRIEF_MS && n > STRIDE_MAX) expect(clock.now).toBe(time.now());
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('after parsing that took long, a call behind messages that came together has a reading of its own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0.03, max: 50, noNaN: true }), (size, callMs) => {
      const { clock, time } = createClock();
      clock.advance(1);
      time.jump(1);
      clock.share();
      time.jump(callMs);
      clock.advance(CALL_WEIGHT + size);
      expect(clock.now).toBe(time.now());
    }),
  );
});

test('no more than STRIDE_MAX messages share a reading, and many brief ones do', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), (messages) => {
      const { clock, readings } = createClock();
      const before = readings();
      clock.share();
      for (let n = 0; n < messages; n += 1) clock.advance(1);
      const taken = readings() - before;
      expect(taken).toBeGreaterThanOrEqual(Math.floor(messages / STRIDE_MAX));
      // Strides of 1, 2, 4, … 128 come before those of 256.
      expect(taken).toBeLessThanOrEqual(Math.ceil(messages / STRIDE_MAX) + Math.log2(STRIDE_MAX) + 3);
    }),
    { numRuns: 50 },
  );
});

test('the first message of each pass of the event loop has a reading of its own, however brief those before were', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 6 }), async (passes) => {
      const { clock, time, passes: ended } = createClock();
      for (const messages of passes) {
        time.jump(0.001);
        clock.advance(1);
        expect([clock.now, clock.passStart]).toEqual([time.now(), time.now()]);
        for (let n = 1; n < messages; n += 1) clock.advance(1);
        await time.settle();
      }
      expect(ended()).toBe(passes.length);
      expect(time.pending).toBe(0);
    }),
    { numRuns: 30 },
  );
});
