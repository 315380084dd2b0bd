import { afterEach, expect, it } from 'vitest';
import type { Case } from '../../bench/case.ts';
import { barChart } from '../../bench/report/bar-chart.ts';
import { markdownTable } from '../../bench/report/benchmarks-page.ts';
import { toJson } from '../../bench/report/json.ts';
import { lineChart } from '../../bench/report/line-chart.ts';
import { curveChart, curveTables, replacePart } from '../../bench/report/performance-page.ts';
import { alignedLines, rowsOf } from '../../bench/report/results-table.ts';
import type { Apart, Run } from '../../bench/run-apart.ts';
import { type Outcome, runHeat } from '../../bench/tournament.ts';

const theCase: Case = {
  name: 'W0',
  title: 'nothing',
  baseline: 'bare',
  references: ['floor', 'bare'],
  contestants: ['floor', 'bare', 'sluice'],
  measures: [{ name: 'perSecond', title: 'messages/s', better: 'more', text: (value) => `${value / 1e6} M` }],
  turns: { warmUp: 1, counted: 2 },
  open: () => Promise.reject(new Error('opened apart')),
};

/** Answers in the order of the calls. */
async function heat(rounds: number, answer: (contestant: string, call: number) => Run): Promise<[Outcome, string[]]> {
  const calls: string[] = [];
  const open = async (_: string, contestant: string): Promise<Apart> => ({
    measure: async () => answer(contestant, calls.push(contestant)),
    async finish() {
      calls.push(`${contestant} ends`);
      return contestant === 'bare' ? verdict : undefined;
    },
  });
  return [
    await runHeat(
      { case: theCase, contestants: theCase.contestants },
      rounds,
      () => open,
      () => {},
    ),
    calls,
  ];
}

/** What is wrong with the bare loop at its end. */
let verdict: string | undefined;
afterEach(() => {
  verdict = undefined;
});

const speeds: Readonly<Record<string, number>> = { floor: 20e6, bare: 10e6, sluice: 8e6 };
const steady = (contestant: string): Run => ({ sample: { perSecond: speeds[contestant] ?? 0 } });

it('contestants take turns in each round, now one first and now another, and each ends after its last turn', async () => {
  const rounds = 40;
  const [, calls] = await heat(rounds, steady);
  const measured = calls.filter((call) => !call.endsWith(' ends'));
  const turns = Array.from({ length: 3 * rounds }, (_, turn) => measured.slice(3 * turn, 3 * turn + 3));
  for (const turn of turns) expect([...turn].sort()).toEqual(['bare', 'floor', 'sluice']);
  expect(new Set(turns.map(([first]) => first)).size).toBe(3);
  const last = turns.flatMap((turn, index) =>
    index % 3 === 2 ? turn.flatMap((name) => [name, `${name} ends`]) : turn,
  );
  expect(calls).toEqual(last);
});

it('what is wrong at the end counts', async () => {
  verdict = 'T: 1 of 2 messages are missing';
  const [outcome] = await heat(1, steady);
  expect(outcome.standings.map(({ failure }) => failure)).toEqual([undefined, verdict, undefined]);
});

it('the table has the fastest first, and aligned columns', async () => {
  const [outcome] = await heat(1, steady);
  const lines = alignedLines(rowsOf(outcome));
  expect(lines.slice(1).map((line) => line.slice(0, 5))).toEqual(['floor', 'bare ', 'sluic']);
  expect(lines.at(-1)).toMatch(/8 M +0\.80 +± 0 % +75\.0$/);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

it('a failure is shown with its reason, and costs the others nothing', async () => {
  const [outcome] = await heat(2, (contestant, call) =>
    contestant === 'sluice' && call > 15 ? { failure: 'lost one' } : steady(contestant),
  );
  expect(alignedLines(rowsOf(outcome)).at(-1)).toBe('sluice                                     FAILED: lost one');
  expect(toJson([outcome], 2)).toMatchObject({
    cases: { W0: { sluice: { failure: 'lost one' }, bare: { perSecond: 10e6 } } },
  });
});

it('the JSON names the ratio for its baseline', async () => {
  const [outcome] = await heat(3, steady);
  expect(toJson([outcome], 3)).toMatchObject({
    rounds: 3,
    cases: { W0: { sluice: { perSecond: 8e6, ratioToBare: 0.8, nsAboveFloor: 75 } } },
  });
});

it('a case that cannot run here says so and runs nobody', async () => {
  const skipping = { case: { ...theCase, unavailable: () => 'no data' }, contestants: theCase.contestants };
  const open = (_: string, contestant: string): Promise<Apart> => Promise.reject(new Error(contestant));
  const outcome = await runHeat(
    skipping,
    1,
    () => open,
    () => {},
  );
  expect(toJson([outcome], 1)).toEqual({ rounds: 1, cases: { W0: { skipped: 'no data' } } });
});

it('a picture has a bar for each contestant, as long as its ratio, and no bare markup', () => {
  const bars = [
    { label: 'a < b & c', ratio: 1, isOurs: false },
    { label: 'ours', ratio: 0.5, isOurs: true },
  ];
  const picture = barChart([{ title: 'W0', bars }]);
  const widths = [...picture.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)].map(([, name, width]) => [
    name,
    Number(width),
  ]);
  expect(widths).toEqual([
    ['theirs', 400],
    ['ours', 200],
  ]);
  expect(picture).toContain('a &lt; b &amp; c');
  expect(picture).toContain('prefers-color-scheme: dark');
});

it('a curve has a mark for each point, the higher the more it costs', () => {
  const picture = lineChart(
    [
      {
        title: 'batchSize',
        points: [
          { x: 1, y: 900 },
          { x: 100, y: 20 },
        ],
      },
    ],
    'ns',
  );
  const heights = [...picture.matchAll(/<circle[^>]* cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(heights).toHaveLength(2);
  expect(heights[0]).toBeLessThan(heights[1] ?? 0);
});

it('a curve leaves out where nothing was delivered', async () => {
  const perSecond: Readonly<Record<string, number>> = { 'sluice/batchSize=1': 0, 'sluice/batchSize=100': 20e6 };
  const contestants = Object.keys(perSecond);
  const open = async (_: string, name: string): Promise<Apart> => ({
    measure: async () => ({ sample: { perSecond: perSecond[name] ?? Number.NaN } }),
    finish: async () => undefined,
  });
  const curves = { ...theCase, name: 'curves', baseline: 'sluice/batchSize=100', contestants };
  const outcome = await runHeat(
    { case: curves, contestants },
    1,
    () => open,
    () => {},
  );
  expect(curveTables([outcome])).toContain('| batchSize | 100 |\n| --- | ---: |\n| ns a message | 50 |');
  expect(curveChart([outcome]).match(/<circle/g)).toHaveLength(1);
});

it('only the marked part of a page is replaced', () => {
  const page = 'a\n<!-- generated: x -->\nold\n<!-- end: x -->\nb\n';
  expect(replacePart(page, 'x', 'new')).toBe('a\n<!-- generated: x -->\nnew\n<!-- end: x -->\nb\n');
  expect(() => replacePart(page, 'y', 'new')).toThrow("no part between '<!-- generated: y -->'");
});

it('a table of Markdown keeps its columns, also where a row is short or holds a bar', () => {
  expect(markdownTable([['a', 'b'], ['1|2'], ['3', '4']])).toBe('| a | b |\n| --- | ---: |\n| 1\\|2 |  |\n| 3 | 4 |');
});
