import { expect, it } from 'vitest';
import { show } from '../../../src/config/mistakes.ts';

it.each<[unknown, string]>([
  [undefined, 'nothing'],
  [null, 'nothing'],
  [() => 1, 'a function'],
  [12n, '12'],
  [Number.NaN, 'NaN'],
  [Symbol('sym'), 'Symbol(sym)'],
  ['T', '"T"'],
  [{ a: [1] }, '{"a":[1]}'],
  [{ toJSON: () => undefined }, 'something'],
  ['x'.repeat(58), `"${'x'.repeat(58)}"`],
  ['x'.repeat(59), `"${'x'.repeat(58)}…`],
])('what came is shown in at most 60 characters (%#)', (value, text) => {
  expect(show(value)).toBe(text);
  expect(show(value).length).toBeLessThanOrEqual(60);
});
