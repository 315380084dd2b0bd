import { curves } from '../cases/curves.ts';
import { nsMoreOf } from '../standing.ts';
import type { Outcome } from '../tournament.ts';
import { markdownTable } from './benchmarks-page.ts';
import { type Curve, lineChart } from './line-chart.ts';

/** Puts text between the marks of a part of a page that is generated. Throws when the page has no such part. */
export function replacePart(page: string, part: string, text: string): string {
  const begin = `<!-- generated: ${part} -->`;
  const end = `<!-- end: ${part} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no part between '${begin}' and '${end}'`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

/** What a message costs by each field, as tables. */
export function curveTables(outcomes: readonly Outcome[]): string {
  return curvesOf(outcomes)
    .map(({ title, points }) =>
      markdownTable([
        [title, ...points.map(({ x }) => x.toLocaleString('en-US'))],
        ['ns a message', ...points.map(({ y }) => y.toFixed(0))],
      ]),
    )
    .join('\n\n');
}

export function curveChart(outcomes: readonly Outcome[]): string {
  return lineChart(curvesOf(outcomes), 'ns a message');
}

/** What things cost, taken from the cases that have them. */
export function costTable(outcomes: readonly Outcome[]): string {
  const find = (caseName: string, contestant: string) =>
    outcomes
      .find(({ heat }) => heat.case.name === caseName)
      ?.standings.find((standing) => standing.contestant === contestant);
  const median = (caseName: string, contestant: string, measure: string): number =>
    find(caseName, contestant)?.medians[measure] ?? Number.NaN;
  const more = (caseName: string, first: string, second: string): string =>
    text(nsMoreOf(find(caseName, first), find(caseName, second)), 'ns a message');
  const extra = (observer: string): string => text(median('observed', `sluice/${observer}`, 'nsMore'), 'ns a message');
  return markdownTable([
    ['what', 'costs'],
    ['a transition of a channel', text(median('transition', 'sluice', 'transitionUs'), 'µs')],
    ['a transition of a plain two-state machine', text(median('transition', 'xstate', 'transitionUs'), 'µs')],
    ['an async handler instead of a sync one, batch 1', more('W2s', 'sluice/async', 'sluice')],
    ['histograms, batch 100', more('observed', 'sluice', 'sluice/no-histograms')],
    ['metrics read ten times a second', extra('metrics-read')],
    ['a listener on every batch, batch 100', extra('batch-listener')],
    ['a listener on every event, batch 100', extra('every-event')],
    ['the page of `sluice/inspector`, nobody watches', extra('page-closed')],
    ['the page, one watches', extra('page-open')],
    ['an XState inspector', extra('inspector')],
    ['8 partitions instead of 1, batch 100', more('curves', 'sluice/partitions=8', 'sluice/partitions=1')],
    ['a channel that is idle', text(median('W5', 'sluice/1000', 'heapKb'), 'kB of heap')],
  ]);
}

function text(value: number, unit: string): string {
  return Number.isFinite(value) ? `${value.toFixed(Math.abs(value) < 20 ? 1 : 0)} ${unit}` : 'not measured';
}

function curvesOf(outcomes: readonly Outcome[]): readonly Curve[] {
  const standings = outcomes.find(({ heat }) => heat.case.name === 'curves')?.standings ?? [];
  return Object.entries(curves).map(([field, values]) => ({
    title: field,
    points: values.flatMap((x) => {
      const found = standings.find(({ contestant }) => contestant === `sluice/${field}=${x}`);
      const perSecond = found?.medians.perSecond;
      return perSecond === undefined || perSecond === 0 ? [] : [{ x, y: 1e9 / perSecond }];
    }),
  }));
}
