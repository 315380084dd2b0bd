import type { Run } from './apart.ts';
import type { Case, Sample } from './case.ts';
import { median, spread } from './statistics.ts';

/** What a contestant did over all turns of all rounds. */
export interface Standing {
  readonly contestant: string;
  /** Medians by measure; empty when it failed. */
  readonly medians: Sample;
  /** The first measure against that of the baseline in the same turn, median; NaN without one. */
  readonly ratio: number;
  /** How far the quartiles of that ratio lie apart, as a share of its median; NaN without one. */
  readonly spread: number;
  /** Turn by turn; undefined for a turn that failed. */
  readonly turns: readonly (Sample | undefined)[];
  /** Why it counts as failed: one turn is enough. */
  readonly failure: string | undefined;
}

/** Compares what ran in the same turn, because the machine is not the same from turn to turn. */
export function standingsOf(
  { measures, baseline }: Pick<Case, 'measures' | 'baseline'>,
  runs: ReadonlyMap<string, readonly Run[]>,
): Standing[] {
  const standings = [...runs].map(([contestant, own]): Standing => {
    const failure = own.find((run) => 'failure' in run)?.failure;
    const turns = own.map((run) => ('sample' in run ? run.sample : undefined));
    const medians = failure === undefined ? mediansOf(turns.filter((sample) => sample !== undefined)) : {};
    return { contestant, medians, ratio: Number.NaN, spread: Number.NaN, turns, failure };
  });
  const base = standings.find(({ contestant }) => contestant === baseline);
  return standings.map((standing) => {
    const ratios = ratiosOf(standing, base, measures[0]?.name ?? '');
    return { ...standing, ratio: median(ratios), spread: spread(ratios) };
  });
}

/** The median of each measure. */
function mediansOf(samples: readonly Sample[]): Sample {
  const names = Object.keys(samples[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(samples.map((sample) => sample[name] ?? Number.NaN))]));
}

/** A measure of one contestant, without `free` of it, against that of another in the same turns; none when the first one failed. */
export function ratiosOf(
  first: Standing | undefined,
  second: Standing | undefined,
  measure: string,
  free = 0,
): readonly number[] {
  if (first === undefined || first.failure !== undefined) return [];
  return first.turns.flatMap((sample, turn) => {
    const value = sample?.[measure];
    const other = second?.turns[turn]?.[measure];
    return value === undefined || other === undefined ? [] : [(value - free) / other];
  });
}
