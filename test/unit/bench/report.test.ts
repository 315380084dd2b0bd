import { expect, it } from 'vitest';
import type { Apart, Run } from '../../bench/apart.ts';
import { type Case, perSecond } from '../../bench/case.ts';
import { comparisonText, sectionOf, toJson } from '../../bench/report.ts';
import { runCase } from '../../bench/run-case.ts';

const theCase: Case = {
  name: 'W0',
  title: 'nothing',
  baseline: 'bare',
  contestants: ['bare', 'sluice', 'sluice (old)'],
  measures: [perSecond],
  turns: { warmUp: 1, counted: 2 },
  open: () => Promise.reject(new Error('opened in a process of its own')),
};
const speeds: Readonly<Record<string, number>> = { bare: 10e6, sluice: 8e6, 'sluice (old)': 16e6 };

/** Runs the case, and says who was asked in which order; `verdicts` are what is wrong at the end. */
async function run(rounds: number, verdicts: Readonly<Record<string, string>> = {}) {
  const calls: string[] = [];
  const open = async (_: string, contestant: string): Promise<Apart> => ({
    async measure(): Promise<Run> {
      calls.push(contestant);
      return { sample: { 'messages/s': speeds[contestant] ?? 0 } };
    },
    finish: async () => verdicts[contestant],
  });
  return { outcome: await runCase(theCase, rounds, open), calls };
}

it('contestants take turns in each round, now one first and now another', async () => {
  const { calls } = await run(40);
  const turns = Array.from({ length: 3 * 40 }, (_, turn) => calls.slice(3 * turn, 3 * turn + 3));
  for (const turn of turns) expect([...turn].sort()).toEqual(theCase.contestants);
  expect(new Set(turns.map(([first]) => first)).size).toBe(3);
});

it('the table has the fastest first, and a contestant that is wrong at the end with its reason', async () => {
  const { outcome } = await run(1, { bare: '1 of 2 messages are missing' });
  const [, , , , , , first, second, last] = sectionOf(outcome).split('\n');
  expect([first, second, last].map((line) => line?.split('|')[1]?.trim())).toEqual(['sluice (old)', 'sluice', 'bare']);
  expect(last).toContain('FAILED: 1 of 2 messages are missing');
});

it('two builds are compared: this one over the other', async () => {
  const { outcome } = await run(2);
  expect(comparisonText([outcome], 'sluice (old)')).toContain('W0 messages/s (more is better) |  0.50 |  ± 0 % |');
  expect(toJson([outcome], 2, 'sluice (old)')).toMatchObject({
    rounds: 2,
    cases: { W0: { sluice: { ratio: 0.8 }, against: { 'messages/s': 0.5 } } },
  });
});

it('a case that cannot run here says so and runs no contestant', async () => {
  const open = (_: string, contestant: string): Promise<Apart> => Promise.reject(new Error(contestant));
  const outcome = await runCase({ ...theCase, unavailable: () => 'no data' }, 1, open);
  expect(sectionOf(outcome)).toContain('SKIPPED: no data.');
});
