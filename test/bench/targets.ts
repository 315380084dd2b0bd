import { rateMeasures } from './rate-setting.ts';
import type { Outcome } from './run-case.ts';
import { ratiosOf } from './standing.ts';
import { median } from './statistics.ts';

/** Case, measure of sluice, limit, whose measure it is multiplied by, the best of several, and what sluice has free. */
type Target = readonly [
  name: string,
  measure: string | readonly string[],
  sign: '≥' | '≤',
  limit: number,
  over?: readonly string[],
  free?: number,
];

/** The promises on speed. */
const targets: readonly Target[] = [
  ['W1', 'messages/s', '≥', 0.8, ['bare']],
  ['W1', 'messages/s', '≥', 0.95, ['hand', 'fastq', 'writable', 'effect', 'rxjs']],
  ['W1h', 'messages/s', '≥', 0.8, ['bare']],
  ['W1h', 'messages/s', '≥', 0.95, ['hand', 'fastq', 'writable', 'effect', 'rxjs']],
  ['W1h', 'messages/s', '≥', 0.75, ['hand']],
  ['W2', 'messages/s', '≥', 0.45, ['bare']],
  ['W2', 'messages/s', '≥', 1, ['hand', 'fastq', 'p-queue', 'writable', 'effect', 'rxjs']],
  ['W2s', 'messages/s', '≥', 0.9, ['bare']],
  ['W2s', 'messages/s', '≥', 0.9, ['fastq']],
  ['W3', 'messages/s', '≥', 0.85, ['sluice-calm']],
  ['W3', 'messages/s', '≥', 1.5, ['hand+cockatiel', 'hand+opossum']],
  ['W4', 'p50 ms', '≤', 1.2, ['ideal']],
  ['W4', 'p99 ms', '≤', 1.2, ['ideal']],
  ['W5', 'start, µs each', '≤', 1.5, ['sluice-1000']],
  ['W5', 'stop, µs each', '≤', 1.5, ['sluice-1000']],
  ['W5', 'heap, kB each', '≤', 4],
  ['W6', 'messages/s', '≥', 5, ['parse']],
  ['W9-1', 'messages/s', '≥', 0.75, ['parse']],
  ['W9-100', 'messages/s', '≥', 0.85, ['parse']],
  ['W9-ignored', 'messages/s', '≥', 3, ['parse']],
  ['W10', 'seconds', '≤', 10, ['fastq']],
  ['R1', 'µs at 200/s', '≤', 1, ['loop'], 60],
  ['R1', rateMeasures, '≤', 3, ['hand'], 40],
  ['R2', rateMeasures, '≤', 3, ['hand'], 40],
  ['R3', rateMeasures, '≤', 3, ['hand'], 40],
  ['S1', 'messages/s', '≥', 0.8, ['route']],
  ['J1', 'messages/s', '≥', 0.6, ['fdatasync']],
  ['J1', 'messages/s', '≥', 0.6, ['fdatasync-texts']],
  ['J1', 'messages/s', '≥', 1_000_000],
  ['J2', 'messages/s', '≥', 150_000],
  ['J3', 'messages/s', '≥', 0.7, ['parse']],
  ['J4', 'growth, MB', '≤', 16],
];

/** The targets as rows of a table: case, what is promised, what was measured, whether it is met. */
export function targetRows(outcomes: readonly Outcome[]): readonly (readonly string[])[] {
  return targets.map(([name, measure, sign, limit, over, free = 0]) => {
    const measures = [measure].flat();
    const outcome = outcomes.find((each) => each.case.name === name);
    const find = (contestant: string) => outcome?.standings.find((standing) => standing.contestant === contestant);
    const ratios = over?.flatMap((other) =>
      measures.map((each) => median(ratiosOf(find('sluice'), find(other), each, free))),
    );
    const values = ratios ?? measures.map((each) => find('sluice')?.medians[each] ?? Number.NaN);
    const measured = sign === '≥' ? Math.min(...values) : Math.max(...values);
    const isMet = sign === '≥' ? measured >= limit : measured <= limit;
    const what = `${typeof measure === 'string' ? measure : 'µs at any rate'}${free === 0 ? '' : ` − ${free}`}`;
    const promise = `${what} ${sign} ${limit}${over === undefined ? '' : ` × ${over.join(', ')}`}`;
    const shown = Number.isNaN(measured) ? 'not measured' : String(Number(measured.toPrecision(3)));
    return [name, promise, shown, isMet ? 'met' : '**missed**'];
  });
}
