import { describe, expect, test } from 'vitest';
import { parseDuration, parseSpeed, parseWhole } from '../../../src/cli/option-values.ts';

describe('option values', () => {
  test.each([
    ['1x', 1],
    ['10x', 10],
    ['0.5x', 0.5],
    ['max', Number.POSITIVE_INFINITY],
  ])('%s is a speed', (text, factor) => {
    expect(parseSpeed(text)).toBe(factor);
  });

  test.each(['', 'x', '0x', '-1x', '10', 'fast', '1..2x', '1e3x'])('%s is no speed', (text) => {
    expect(() => parseSpeed(text)).toThrow('Allowed: a positive factor');
  });

  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
  ])('%s is a time', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '10', 's', '0s', '-1s', '1d', '. s'])('%s is no time', (text) => {
    expect(() => parseDuration(text)).toThrow('Allowed: a time above zero');
  });

  test.each(['0', '11', '1.5', '-1', '1e1', ''])('%s is no whole number from 1 to 10', (text) => {
    expect(() => parseWhole(1, 10)(text)).toThrow('Allowed: a whole number from 1 to 10.');
  });
});
