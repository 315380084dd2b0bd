import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CoolDown } from '../../src/core/cool-down.ts';

const limits = fc.record({
  coolDownMs: fc.integer({ min: 1, max: 100_000 }),
  coolDownMsMax: fc.integer({ min: 1, max: 1_000_000 }),
});
const chance = fc.double({ min: 0, max: 1, noNaN: true });

test('the n-th cool-down in a row lasts between half and all of coolDownMs·2^(n−1), up to the limit', () => {
  fc.assert(
    fc.property(limits, fc.array(chance, { minLength: 1, maxLength: 100 }), (given, chances) => {
      const coolDown = new CoolDown();
      chances.forEach((random, before) => {
        const ceilingMs = Math.min(given.coolDownMsMax, given.coolDownMs * 2 ** before);
        const ms = coolDown.next(given, null, () => random);
        expect(ms).toBeGreaterThanOrEqual(ceilingMs / 2);
        expect(ms).toBeLessThanOrEqual(ceilingMs);
      });
    }),
  );
});

test('only a breaker that was closed for as long as the last cool-down, or was reset, begins with the first one again', () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 1, max: 20 }), chance, (given, inRow, share) => {
      const after = (closedMs: (lastMs: number) => number | null, isReset = false): number => {
        const coolDown = new CoolDown();
        let lastMs = 0;
        for (let n = 0; n < inRow; n += 1) lastMs = coolDown.next(given, null, () => 1);
        if (isReset) coolDown.reset();
        return coolDown.next(given, closedMs(lastMs), () => 1);
      };
      const first = Math.min(given.coolDownMsMax, given.coolDownMs);
      const next = Math.min(given.coolDownMsMax, given.coolDownMs * 2 ** inRow);
      expect(after((lastMs) => lastMs)).toBe(first);
      expect(after(() => null, true)).toBe(first);
      expect(after((lastMs) => lastMs * share - 1)).toBe(next);
      expect(after(() => null)).toBe(next);
    }),
  );
});
