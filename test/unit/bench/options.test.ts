import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cases } from '../../bench/cases.ts';
import { optionsOf } from '../../bench/options.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';

it('without arguments everything runs, and the page is written', () => {
  expect(optionsOf([], cases)).toMatchObject({ chosen: cases, rounds: 2, isJson: false, isComplete: true });
});

it('with another build only the cases that compare builds run, with their baseline and the two builds', async () => {
  const directory = emptyDirectory();
  await mkdir(join(directory, 'dist/src'), { recursive: true });
  await writeFile(join(directory, 'dist/src/index.js'), '');
  const { chosen, isComplete, against } = optionsOf(['--against', directory], cases);
  expect(chosen.map(({ name }) => name)).toEqual(['W1', 'W1h', 'W2', 'W2s', 'W3', 'W4', 'R1', 'R2', 'R3', 'W10']);
  expect(chosen[4]?.contestants).toEqual(['hand', 'sluice', against?.contestant]);
  expect(against).toEqual({ directory, contestant: expect.stringMatching(/^sluice \(sluice-test-\w+\)$/) });
  expect(isComplete).toBe(false);
});

it('the name of a group chooses all its cases', () => {
  expect(optionsOf(['--only', 'rates,W6'], cases).chosen.map(({ name }) => name)).toEqual(['W6', 'R1', 'R2', 'R3']);
});
