import { expect, test } from 'vitest';
import { Intensity } from '../../../src/core/intensity.ts';

test('as often as the limit is within, once more is not', () => {
  const intensity = new Intensity(2, 1_000);
  expect([0, 10, 20].map((now) => intensity.note(now))).toEqual([true, true, false]);
});

test('the window slides: what is older than it no longer counts', () => {
  const intensity = new Intensity(1, 1_000);
  expect([0, 1_000, 2_001].map((now) => intensity.note(now))).toEqual([true, false, true]);
  expect([intensity.count(2_500), intensity.count(9_999)]).toEqual([1, 0]);
});

test('with a limit of 0 the first time is too often', () => {
  expect(new Intensity(0, 1_000).note(5)).toBe(false);
});

test('after a reset the past does not count', () => {
  const intensity = new Intensity(1, 1_000);
  intensity.note(1);
  intensity.reset();
  expect(intensity.note(2)).toBe(true);
});
