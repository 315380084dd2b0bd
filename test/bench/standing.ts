import type { Case, Sample } from './case.ts';
import type { Run } from './run-apart.ts';
import { median, spread } from './statistics.ts';

/** What a contestant did over all rounds. */
export interface Standing {
  readonly contestant: string;
  /** Medians by measure; empty when it failed. */
  readonly medians: Sample;
  /** The first measure against that of the baseline in the same round, median; NaN without one. */
  readonly ratio: number;
  /** How far the rounds lie apart, as a share of the median of the first measure. */
  readonly spread: number;
  /** Nanoseconds a message takes more than in the floor of the same round, median; NaN where there is no floor. */
  readonly nsAboveFloor: number;
  readonly rounds: readonly Sample[];
  /** Why it counts as failed: one round is enough. */
  readonly failure: string | undefined;
}

/** The runs of one case by contestant; the place in the list is the round. */
export type Runs = ReadonlyMap<string, readonly Run[]>;

/** Compares what ran in the same round, because the machine is not the same from round to round. */
export function standingsOf({ measures, baseline }: Pick<Case, 'measures' | 'baseline'>, runs: Runs): Standing[] {
  const main = measures[0]?.name ?? '';
  return [...runs].map(([contestant, own]): Standing => {
    const failure = own.flatMap((run) => ('failure' in run ? [run.failure] : []))[0];
    const rounds = failure === undefined ? own.flatMap((run) => ('sample' in run ? [run.sample] : [])) : [];
    const names = Object.keys(rounds[0] ?? {});
    return {
      contestant,
      medians: Object.fromEntries(names.map((name) => [name, median(valuesOf(rounds, name))])),
      ratio: pairwise(rounds, runs.get(baseline), main, (value, base) => value / base),
      spread: spread(valuesOf(rounds, main)),
      nsAboveFloor: pairwise(rounds, runs.get('floor'), 'perSecond', (value, floor) => 1e9 / value - 1e9 / floor),
      rounds,
      failure,
    };
  });
}

function valuesOf(rounds: readonly Sample[], name: string): number[] {
  return rounds.map((sample) => sample[name] ?? Number.NaN);
}

function pairwise(
  rounds: readonly Sample[],
  others: readonly Run[] | undefined,
  name: string,
  compare: (value: number, other: number) => number,
): number {
  const pairs = rounds.flatMap((sample, round) => {
    const other = others?.[round];
    const value = sample[name];
    const base = other !== undefined && 'sample' in other ? other.sample[name] : undefined;
    return value === undefined || base === undefined ? [] : [compare(value, base)];
  });
  return median(pairs);
}
