import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RestartLimit } from '../../src/core/restart-limit.ts';

const limits = fc.record({
  limit: fc.nat(6),
  withinMs: fc.integer({ min: 1, max: 1_000 }),
  delayMs: fc.nat(500),
  delayMsMax: fc.nat(5_000),
});

test('it is given up exactly when more failures than the limit lie in the window that ends now', () => {
  fc.assert(
    fc.property(limits, fc.array(fc.nat(500), { maxLength: 100 }), (given, pauses) => {
      const restarts = new RestartLimit();
      const failures: number[] = [];
      let now = 0;
      for (const pause of pauses) {
        now += pause;
        failures.push(now);
        const inWindow = failures.filter((at) => at >= now - given.withinMs).length;
        expect(restarts.failed(given, now)).toBe(inWindow <= given.limit);
        expect(restarts.isGivenUp).toBe(inWindow > given.limit);
        const counted = Math.min(inWindow, given.limit + 1);
        expect(restarts.lately(given.withinMs, now)).toBe(counted);
        expect(restarts.at).toBe(now + Math.min(given.delayMsMax, given.delayMs * 2 ** (counted - 1)));
        expect(restarts.lately(given.withinMs, now + given.withinMs + 1)).toBe(0);
      }
    }),
  );
});

test('limits that change in between hold for what was kept, and what was forgiven no longer counts', () => {
  const steps = fc.array(fc.oneof(fc.nat(500), limits, fc.constant('forgive')), { maxLength: 60 });
  fc.assert(
    fc.property(limits, steps, (first, sequence) => {
      const restarts = new RestartLimit();
      let given = first;
      let kept: number[] = [];
      let now = 0;
      for (const step of sequence) {
        if (typeof step === 'object') given = step;
        else if (step === 'forgive') {
          restarts.forgive(now);
          kept = [];
          expect([restarts.isGivenUp, restarts.at]).toEqual([false, now]);
        } else if (typeof step === 'number') {
          now += step;
          kept = [...kept, now].slice(-(given.limit + 1));
          const inWindow = kept.filter((at) => at >= now - given.withinMs).length;
          expect(restarts.failed(given, now)).toBe(inWindow <= given.limit);
        }
        expect(restarts.lately(given.withinMs, now)).toBe(kept.filter((at) => at >= now - given.withinMs).length);
      }
    }),
  );
});
