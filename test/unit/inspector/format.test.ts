import { expect, it } from 'vitest';
import { count, duration, rate, setting, timeOfDay } from '../../../src/inspector/page/format.ts';

it.each([
  [0, '0'],
  [99_999, '99,999'],
  [100_000, '100k'],
  [999_499, '999k'],
  [1_250_000, '1.3M'],
])('a count of %d reads %s', (value, text) => {
  expect(count(value)).toBe(text);
});

it.each([
  [0, '0'],
  [0.04, '0.0'],
  [9.94, '9.9'],
  [10.4, '10'],
  [123_456, '123k'],
])('a rate of %d reads %s', (value, text) => {
  expect(rate(value)).toBe(text);
});

it.each([
  [0.0004, '0 µs'],
  [0.25, '250 µs'],
  [1.25, '1.3 ms'],
  [250, '250 ms'],
  [1_250, '1.3 s'],
  [119_000, '119 s'],
  [150_000, '3 min'],
  [7_200_000, '2 h'],
])('%d ms read %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('a time of day has two digits for each part, whatever the language of the computer', () => {
  expect(timeOfDay(new Date(2026, 0, 1, 3, 4, 5).getTime())).toBe('03:04:05');
});

it('a setting is shown as it may be written', () => {
  expect([undefined, 'sym', 5, null, { count: 3 }].map(setting)).toEqual(['none', 'sym', '5', 'null', '{"count":3}']);
});
