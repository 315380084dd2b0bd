import { expect, test } from 'vitest';
import { parseDuration, parseSpeed, parseWhole } from '../../../src/cli/option-values.ts';

const toTen = parseWhole(1, 10);

test.each([
  ['1x', parseSpeed, 1],
  ['10x', parseSpeed, 10],
  ['0.5x', parseSpeed, 0.5],
  ['max', parseSpeed, Number.POSITIVE_INFINITY],
  ['500ms', parseDuration, 500],
  ['10s', parseDuration, 10_000],
  ['2m', parseDuration, 120_000],
  ['1.5h', parseDuration, 5_400_000],
])('%s is an option', (text, parse, value) => {
  expect(parse(text)).toBe(value);
});

test.each([
  [parseSpeed, 'a positive factor', ['', 'x', '0x', '-1x', '10', 'fast', '1..2x', '1e3x']],
  [parseDuration, 'a time above zero', ['', '10', 's', '0s', '-1s', '1d', '. s']],
  [toTen, 'a whole number from 1 to 10.', ['0', '11', '1.5', '-1', '1e1', '']],
])('what is none is refused with what is allowed: %o: %s', (parse, allowed, texts) => {
  for (const text of texts) expect(() => parse(text), text).toThrow(`Allowed: ${allowed}`);
});
