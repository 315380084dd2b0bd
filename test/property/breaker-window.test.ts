import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBreakerWindow, FAILED, SLOW } from '../../src/core/breaker-window.ts';

const records = fc.array(fc.record({ outcome: fc.integer({ min: 0, max: 3 }), pause: fc.nat(400) }), {
  maxLength: 120,
});

function totalsOf(outcomes: readonly number[]) {
  return {
    calls: outcomes.length,
    failures: outcomes.filter((outcome) => (outcome & FAILED) !== 0).length,
    slow: outcomes.filter((outcome) => (outcome & SLOW) !== 0).length,
  };
}

test('a window of calls holds exactly the last ones', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), records, (count, all) => {
      const window = createBreakerWindow({ count });
      for (const { outcome } of all) window.record(outcome, 0);
      expect(window.totals(0)).toEqual(totalsOf(all.slice(-count).map(({ outcome }) => outcome)));
    }),
  );
});

test('a window of time holds at least nine tenths of its span, and nothing older than it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 5_000 }), records, fc.nat(6_000), (ms, all, idleMs) => {
      const window = createBreakerWindow({ ms });
      let now = 0;
      const stamped = all.map(({ outcome, pause }) => {
        now += pause;
        window.record(outcome, now);
        return { outcome, at: now };
      });
      now += idleMs;
      const since = (from: number) => stamped.filter(({ at }) => at > from).map(({ outcome }) => outcome);
      const { calls, failures, slow } = window.totals(now);
      const least = totalsOf(since(now - ms * 0.9 + 0.001));
      const most = totalsOf(since(now - ms - 0.001));
      expect(calls >= least.calls && failures >= least.failures && slow >= least.slow).toBe(true);
      expect(calls <= most.calls && failures <= most.failures && slow <= most.slow).toBe(true);
    }),
  );
});
