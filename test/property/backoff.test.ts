import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, RetryBudget } from '../../src/core/backoff.ts';

test('a wait is a number from 0 to its limit for any limits, any attempt and any chance', () => {
  const limits = fc.record({
    delayMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    factor: fc.double({ min: 0, max: 1e6, noNaN: true }),
    delayMsMax: fc.double({ min: 0, max: 1e9, noNaN: true }),
  });
  const chance = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(limits, fc.oneof(fc.integer(), fc.double()), chance, (backoff, attempt, random) => {
      const waitMs = backoffMs(backoff, attempt, () => random);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(backoff.delayMsMax);
    }),
  );
});

test('retries never exceed their share of the calls but by three and one a second', () => {
  const steps = fc.array(fc.oneof(fc.constant('call'), fc.constant('retry'), fc.integer({ min: 0, max: 20_000 })));
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), steps, (share, sequence) => {
      const clock = { time: 0, now: () => clock.time };
      const budget = new RetryBudget(share, clock);
      let calls = 0;
      let retries = 0;
      for (const step of sequence) {
        if (typeof step === 'number') clock.time += step;
        else if (step === 'retry') retries += budget.spend() ? 1 : 0;
        else {
          calls += 1;
          budget.earn();
        }
        expect(retries).toBeLessThanOrEqual(3 + calls * share + clock.time / 1_000 + 1e-9);
        const waitMs = budget.waitMs();
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(1_000);
      }
    }),
  );
});

test('the same chance never waits shorter after a further failure, as long as waits grow', () => {
  const limits = fc.record({
    delayMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    delayMsMax: fc.double({ min: 0, max: 1e9, noNaN: true }),
  });
  const chance = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(limits, fc.integer({ min: 1, max: 5_000 }), chance, (backoff, attempt, random) => {
      const waits = [attempt, attempt + 1].map((each) => backoffMs(backoff, each, () => random));
      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    }),
  );
});

test('`waitMs` tells the truth: before it is over no retry can be paid for, and then one can', () => {
  const steps = fc.array(fc.oneof(fc.constant('call'), fc.constant('retry'), fc.nat(3_000)));
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), steps, (share, sequence) => {
      const clock = { time: 0, now: () => clock.time };
      const budget = new RetryBudget(share, clock);
      for (const step of sequence) {
        if (typeof step === 'number') clock.time += step;
        else if (step === 'call') budget.earn();
        else budget.spend();
      }
      const waitMs = budget.waitMs();
      if (waitMs > 0) {
        clock.time += waitMs - 1;
        expect(budget.spend()).toBe(false);
        clock.time += 1;
      }
      expect(budget.spend()).toBe(true);
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

test('however long it is quiet, no more than three retries can be made at once that no call has earned', () => {
  const share = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(share, fc.nat(5), fc.nat(1_000_000), (budgetShare, spent, quietMs) => {
      const clock = { time: 0, now: () => clock.time };
      const budget = new RetryBudget(budgetShare, clock);
      for (let left = spent; left > 0; left -= 1) budget.spend();
      clock.time = quietMs;
      const atOnce = Math.min(3, Math.max(0, 3 - spent) + Math.floor(quietMs / 1_000));
      expect([1, 2, 3, 4].map(() => budget.spend())).toEqual([1, 2, 3, 4].map((n) => n <= atOnce));
    }),
  );
});
