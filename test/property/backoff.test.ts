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
