import { expect, test } from 'vitest';
import { backoffMs, RetryBudget } from '../../../src/core/backoff.ts';

const limits = { delayMs: 100, factor: 2, delayMsMax: 1_000 };

test('the wait grows with each failure and is spread down to nothing', () => {
  expect([1, 2, 3].map((attempt) => backoffMs(limits, attempt, () => 0.5))).toEqual([50, 100, 200]);
  expect(backoffMs(limits, 3, () => 0)).toBe(0);
});

test('waits stay spread when the growth has reached the limit', () => {
  expect(backoffMs(limits, 50, () => 0.25)).toBe(250);
});

test('three retries may be made before any call, and then none until one is earned', () => {
  const budget = new RetryBudget(0.5, { now: () => 0 });
  expect([1, 2, 3, 4].map(() => budget.spend())).toEqual([true, true, true, false]);
  budget.earn();
  expect(budget.spend()).toBe(false);
  budget.earn();
  expect([budget.spend(), budget.spend()]).toEqual([true, false]);
});

test('a retry comes back by itself every second, up to three', () => {
  const clock = { time: 0, now: () => clock.time };
  const budget = new RetryBudget(0, clock);
  while (budget.spend());
  expect(budget.waitMs()).toBe(1_000);
  clock.time = 999;
  expect([budget.spend(), budget.waitMs()]).toEqual([false, 1]);
  clock.time = 1_000;
  expect([budget.spend(), budget.spend()]).toEqual([true, false]);
  clock.time = 1_000_000;
  expect([1, 2, 3, 4].map(() => budget.spend())).toEqual([true, true, true, false]);
});

test('calls of a long quiet time do not add up to a flood of retries', () => {
  const budget = new RetryBudget(0.2, { now: () => 0 });
  for (let call = 0; call < 100_000; call += 1) budget.earn();
  let retries = 0;
  while (budget.spend()) retries += 1;
  expect(retries).toBe(23);
});
