import { expect, it } from 'vitest';
import { cases } from '../../bench/cases.ts';
import { SelectionError, selectionOf } from '../../bench/selection.ts';

function select(...args: string[]) {
  return selectionOf(args, cases);
}

it('without arguments everything runs, and the pages are written', () => {
  const { heats, isComplete, isJson } = select();
  expect(heats.map((heat) => heat.case)).toEqual(cases);
  for (const heat of heats) expect(heat.contestants).toEqual(heat.case.contestants);
  expect(isComplete).toBe(true);
  expect(isJson).toBe(false);
});

it('sluice, the baseline and the floor run whichever peers are asked for', () => {
  const { heats, rounds, isComplete } = select('--only', 'W1,W3', '--peers', 'fastq', '--rounds', '7');
  expect(heats.map(({ contestants }) => contestants)).toEqual([
    ['floor', 'bare', 'fastq', 'sluice'],
    ['hand', 'fastq', 'sluice', 'sluice/no-failures'],
  ]);
  expect(rounds).toBe(7);
  expect(isComplete).toBe(false);
});

it.each([
  [['--only', 'W9'], "no case 'W9'; there is W1, W1h, W2"],
  [['--only', 'W1', '--peers', 'bar'], "no peer 'bar'; the chosen cases have floor, bare, hand"],
  [['--rounds', '0'], "--rounds must be a whole number from 1 to 50, got '0'"],
  [['--rounds', 'two'], "--rounds must be a whole number from 1 to 50, got 'two'"],
  [['--fast'], 'allowed: --only'],
  [['W1'], 'allowed: --only'],
])('%j is refused with what is allowed', (args, text) => {
  expect(() => select(...args)).toThrow(SelectionError);
  expect(() => select(...args)).toThrow(text);
});

it('no case names a contestant twice, and each has its baseline and sluice', () => {
  for (const { name, contestants, baseline, references } of cases) {
    expect(new Set(contestants).size, name).toBe(contestants.length);
    expect(contestants, name).toEqual(expect.arrayContaining([baseline, ...references]));
    expect(
      contestants.some((contestant) => contestant.startsWith('sluice')),
      name,
    ).toBe(true);
  }
});
