import { expect, it } from 'vitest';
import { count, duration, rate, setting, timeOfDay } from '../../../src/inspector/page/format.ts';

it.each<[format: (value: number) => string, value: number, text: string]>([
  [count, 0, '0'],
  [count, 99_999, '99,999'],
  [count, 100_000, '100k'],
  [count, 999_499, '999k'],
  [count, 1_250_000, '1.3M'],
  [rate, 0, '0'],
  [rate, 0.04, '0.0'],
  [rate, 9.94, '9.9'],
  [rate, 10.4, '10'],
  [rate, 123_456, '123k'],
  [duration, 0.0004, '0 µs'],
  [duration, 0.25, '250 µs'],
  [duration, 1.25, '1.3 ms'],
  [duration, 250, '250 ms'],
  [duration, 1_250, '1.3 s'],
  [duration, 119_000, '119 s'],
  [duration, 150_000, '3 min'],
  [duration, 7_200_000, '2 h'],
])('%o of %d reads %s', (format, value, text) => {
  expect(format(value)).toBe(text);
});

it('a time of day has two digits for each part, whatever the language of the computer', () => {
  expect(timeOfDay(new Date(2026, 0, 1, 3, 4, 5).getTime())).toBe('03:04:05');
});

it('a setting is shown as it may be written', () => {
  expect([undefined, 'sym', 5, null, { count: 3 }].map(setting)).toEqual(['none', 'sym', '5', 'null', '{"count":3}']);
});
