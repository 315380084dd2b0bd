import { contestantTitles } from '../contestants.ts';
import type { Standing } from '../standing.ts';
import type { Outcome } from '../tournament.ts';

/** The cells of one case: the head first, then the contestants, the best first. */
export function rowsOf({ heat, standings }: Outcome): readonly (readonly string[])[] {
  const { measures, baseline, contestants } = heat.case;
  const [main] = measures;
  const shown = measures.filter(({ name }) => standings.some(({ medians }) => medians[name] !== undefined));
  const hasFloor = contestants.includes('floor');
  const head = [
    '',
    ...shown.map(({ title }) => title),
    `× ${baseline}`,
    'spread',
    ...(hasFloor ? ['ns above floor'] : []),
  ];
  const sign = main?.better === 'more' ? -1 : 1;
  const key = ({ medians }: Standing): number => sign * (medians[main?.name ?? ''] ?? Number.POSITIVE_INFINITY * sign);
  const rows = [...standings]
    .sort((a, b) => key(a) - key(b))
    .map((standing) => {
      const title = contestantTitles[standing.contestant] ?? standing.contestant;
      if (standing.failure !== undefined) return [title, `FAILED: ${standing.failure}`];
      return [
        title,
        ...shown.map(({ name, text }) => numberOr(standing.medians[name], text)),
        numberOr(standing.ratio, ratioText),
        numberOr(standing.spread, (value) => `± ${(value * 50).toFixed(0)} %`),
        ...(hasFloor ? [numberOr(standing.nsAboveFloor, (value) => value.toFixed(value < 100 ? 1 : 0))] : []),
      ];
    });
  return [head, ...rows];
}

/** The rows as lines: the first column to the left, numbers to the right. A failure takes the room it needs. */
export function alignedLines(rows: readonly (readonly string[])[]): string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) =>
    Math.max(...rows.filter(({ length }) => length === head.length).map((row) => row[column]?.length ?? 0), 0),
  );
  widths[0] = Math.max(...rows.map(([title = '']) => title.length));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0
          ? cell.padEnd(widths[0] ?? 0)
          : cell.padStart(row.length === head.length ? (widths[column] ?? 0) : 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function numberOr(value: number | undefined, text: (value: number) => string): string {
  return value === undefined || !Number.isFinite(value) ? '–' : text(value);
}

function ratioText(value: number): string {
  return value < 0.1 ? value.toFixed(3) : value.toFixed(2);
}
