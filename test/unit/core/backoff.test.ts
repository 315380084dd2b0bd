import { expect, test } from 'vitest';
import { backoffMs } from '../../../src/core/backoff.ts';

const limits = { delayMs: 100, factor: 2, delayMsMax: 1_000 };

test('the wait grows with each failure and is spread down to nothing', () => {
  expect([1, 2, 3].map((attempt) => backoffMs(limits, attempt, () => 0.5))).toEqual([50, 100, 200]);
  expect(backoffMs(limits, 3, () => 0)).toBe(0);
});

test('waits stay spread when the growth has reached the limit', () => {
  expect(backoffMs(limits, 50, () => 0.25)).toBe(250);
});
