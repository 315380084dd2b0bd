import { expect, it } from 'vitest';
import { Problems } from '../../../src/cli/problems.ts';

function collect() {
  const lines: string[] = [];
  return { lines, problems: new Problems((line) => lines.push(line)) };
}

it.each([
  [20, undefined],
  [21, '… and 1 more malformed lines'],
  [1_000, '… and 980 more malformed lines'],
])('of %i malformed lines twenty are told one by one, and of the rest only the number', (count, last) => {
  const { lines, problems } = collect();
  for (let line = 1; line <= count; line += 1) problems.addMalformed({ file: 'a', line, problem: 'not JSON' });
  problems.finish();
  expect(lines.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => `a:${n + 1}: not JSON; skipped`));
  expect([problems.malformed, lines[20], lines.length]).toEqual([count, last, last === undefined ? 20 : 21]);
});

it.each<[string, unknown, string]>([
  [
    'a code that people rarely know',
    Object.assign(new Error('x'), { code: 'EACCES' }),
    'you may not read it; check its permissions',
  ],
  ['an error without a code', new Error('unexpected end of file'), 'unexpected end of file'],
  ['something that is no error', 'the disk is gone', 'the disk is gone'],
])('why a file cannot be read is told in words: %s', (_, error, words) => {
  const { lines, problems } = collect();
  problems.addUnreadable('a.ndjson', error);
  expect([lines, problems.unreadable]).toEqual([[`cannot read a.ndjson: ${words}`], [`a.ndjson: ${words}`]]);
});
