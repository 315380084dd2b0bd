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

const spans = fc.oneof(
  fc.record({ count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ ms: fc.integer({ min: 10, max: 5_000 }) }),
);

test('one record of n is n records of one', () => {
  fc.assert(
    fc.property(spans, fc.array(fc.tuple(fc.nat(3), fc.nat(40), fc.nat(400))), (span, all) => {
      const [together, apart] = [createBreakerWindow(span), createBreakerWindow(span)];
      let now = 0;
      for (const [outcome, times, pause] of all) {
        now += pause;
        together.record(outcome, now, times);
        for (let left = times; left > 0; left -= 1) apart.record(outcome, now);
        expect(together.totals(now)).toEqual(apart.totals(now));
      }
    }),
  );
});

test('what is copied into a window as large is the same; into a smaller one, the newest of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), records, (from, to, all) => {
      const [old, changed] = [createBreakerWindow({ count: from }), createBreakerWindow({ count: to })];
      for (const { outcome } of all) old.record(outcome, 0);
      old.visit(0, (...each) => changed.record(...each));
      const kept = all.slice(-from).slice(-to);
      expect(changed.totals(0)).toEqual(totalsOf(kept.map(({ outcome }) => outcome)));
    }),
  );
});

test('a window that was cleared is as good as new', () => {
  fc.assert(
    fc.property(spans, records, records, (span, before, after) => {
      const [used, fresh] = [createBreakerWindow(span), createBreakerWindow(span)];
      let now = 0;
      const step = (outcome: number, pause: number, windows: readonly (typeof used)[]): void => {
        now += pause;
        for (const window of windows) window.record(outcome, now);
      };
      for (const { outcome, pause } of before) step(outcome, pause, [used]);
      used.clear();
      expect(used.totals(now)).toEqual({ calls: 0, failures: 0, slow: 0 });
      for (const { outcome, pause } of after) step(outcome, pause, [used, fresh]);
      expect(used.totals(now)).toEqual(fresh.totals(now));
    }),
  );
});

test('a copy of a window of milliseconds keeps an outcome at the edge of the oldest bucket', () => {
  const limits = { ms: 45_416 };
  const [window, copy] = [createBreakerWindow(limits), createBreakerWindow(limits)];
  const at = 15 * 4_541.6;
  window.record(0, at + 1);
  const now = at + 9.5 * 4_541.6;
  expect(window.totals(now).calls).toBe(1);
  window.visit(now, (...each) => copy.record(...each));
  expect(copy.totals(now).calls).toBe(1);
});
