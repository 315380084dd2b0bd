import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from '../../src/core/backoff.ts';

const upTo = (max: number, min = 0) => fc.double({ min, max, noNaN: true });
const chance = upTo(1);
const limits = (factor: number) => fc.record({ delayMs: upTo(1e9), factor: upTo(1e6, factor), delayMsMax: upTo(1e9) });

test('a wait is a number from 0 to its limit for any limits, any attempt and any chance', () => {
  fc.assert(
    fc.property(limits(0), fc.oneof(fc.integer(), fc.double()), chance, (backoff, attempt, random) => {
      const waitMs = backoffMs(backoff, attempt, () => random);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(backoff.delayMsMax);
    }),
  );
});

test('the same chance never waits shorter after a further failure, as long as waits grow', () => {
  fc.assert(
    fc.property(limits(1), fc.integer({ min: 1, max: 5_000 }), chance, (backoff, attempt, random) => {
      const waits = [attempt, attempt + 1].map((each) => backoffMs(backoff, each, () => random));
      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    }),
  );
});

test('the longest wait after failure n is delayMs·factor^(n−1), up to the limit', () => {
  const limits = fc.record({
    delayMs: fc.integer({ min: 1, max: 1_000 }),
    factor: fc.integer({ min: 1, max: 10 }),
    delayMsMax: fc.integer({ min: 1, max: 100_000 }),
  });
  fc.assert(
    fc.property(limits, fc.integer({ min: 1, max: 8 }), (backoff, attempt) => {
      const longest = Math.min(backoff.delayMsMax, backoff.delayMs * backoff.factor ** (attempt - 1));
      expect(backoffMs(backoff, attempt, () => 1)).toBe(longest);
      expect(backoffMs(backoff, attempt, () => 0.5)).toBe(longest / 2);
    }),
  );
});
