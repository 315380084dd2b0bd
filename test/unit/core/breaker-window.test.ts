import { expect, test } from 'vitest';
import { createBreakerWindow, FAILED, SLOW } from '../../../src/core/breaker-window.ts';

test('a window of calls forgets the oldest call for each new one', () => {
  const window = createBreakerWindow({ count: 3 });
  for (const outcome of [FAILED, FAILED | SLOW, SLOW]) window.record(outcome, 0);
  expect(window.totals(0)).toEqual({ calls: 3, failures: 2, slow: 2 });
  window.record(0, 0);
  expect(window.totals(0)).toEqual({ calls: 3, failures: 1, slow: 2 });
});

test('a window of time forgets by time alone', () => {
  const window = createBreakerWindow({ ms: 1_000 });
  window.record(FAILED, 0, 5);
  expect([window.totals(899).failures, window.totals(1_000).calls]).toEqual([5, 0]);
});

test('what is older than the window is not recorded over what is newer', () => {
  const window = createBreakerWindow({ ms: 1_000 });
  window.record(SLOW, 1_050);
  window.record(FAILED, 50);
  expect(window.totals(1_060)).toEqual({ calls: 1, failures: 0, slow: 1 });
});

test('a cleared window is empty', () => {
  for (const limits of [{ count: 3 }, { ms: 1_000 }]) {
    const window = createBreakerWindow(limits);
    window.record(FAILED, 5);
    window.clear();
    expect(window.totals(5)).toEqual({ calls: 0, failures: 0, slow: 0 });
  }
});

test.each([
  [{ count: 4 }, { count: 2 }, { calls: 2, failures: 1, slow: 1 }],
  [{ count: 4 }, { ms: 500 }, { calls: 3, failures: 2, slow: 1 }],
  [{ ms: 1_000 }, { ms: 5_000 }, { calls: 3, failures: 2, slow: 1 }],
  [{ ms: 1_000 }, { count: 2 }, { calls: 2, failures: 1, slow: 1 }],
])('the history goes along from %o to %o', (from, to, totals) => {
  const window = createBreakerWindow(from);
  const next = createBreakerWindow(to);
  for (const [at, outcome] of [FAILED, SLOW, FAILED].entries()) window.record(outcome, at * 300);
  window.copyTo(next, 650);
  expect(next.totals(650)).toEqual(totals);
});

test('a copy of a window of milliseconds keeps an outcome at the edge of the oldest bucket', () => {
  const limits = { ms: 45_416 };
  const [window, copy] = [createBreakerWindow(limits), createBreakerWindow(limits)];
  const at = 15 * 4_541.6;
  window.record(0, at + 1);
  const now = at + 9.5 * 4_541.6;
  expect(window.totals(now).calls).toBe(1);
  window.copyTo(copy, now);
  expect(copy.totals(now).calls).toBe(1);
});
