import type { Case, Sample } from './case.ts';
import type { Run } from './run-apart.ts';
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
  /** Nanoseconds a message takes more than in the floor of the same turn, median; NaN where there is no floor. */
  readonly nsAboveFloor: number;
  /** Turn by turn; empty when it failed. */
  readonly turns: readonly Sample[];
  /** Why it counts as failed: one turn is enough. */
  readonly failure: string | undefined;
}

/** The runs of one case by contestant; the place in the list is the turn. */
export type Runs = ReadonlyMap<string, readonly Run[]>;

/** Compares what ran in the same turn, because the machine is not the same from turn to turn. */
export function standingsOf({ measures, baseline }: Pick<Case, 'measures' | 'baseline'>, runs: Runs): Standing[] {
  const main = measures[0]?.name ?? '';
  return [...runs].map(([contestant, own]): Standing => {
    const failure = own.flatMap((run) => ('failure' in run ? [run.failure] : []))[0];
    const turns = failure === undefined ? own.flatMap((run) => ('sample' in run ? [run.sample] : [])) : [];
    const names = Object.keys(turns[0] ?? {});
    const ratios = pairs(turns, main, runs.get(baseline)).map(([value, base]) => value / base);
    const aboveFloor = pairs(turns, 'perSecond', runs.get('floor')).map(nsMore);
    return {
      contestant,
      medians: Object.fromEntries(
        names.map((name) => [name, median(turns.map((sample) => sample[name] ?? Number.NaN))]),
      ),
      ratio: median(ratios),
      spread: spread(ratios),
      nsAboveFloor: median(aboveFloor),
      turns,
      failure,
    };
  });
}

/** What one did against another of the same case: a measure's ratio in the same turn, median; NaN when one is missing. */
export function ratioOf(first: Standing | undefined, second: Standing | undefined, measure: string): number {
  return median(pairsOf(first, second, measure).map(([value, base]) => value / base));
}

/** Nanoseconds a message takes more than with another of the same case, in the same turn, median; NaN when one is missing. */
export function nsMoreOf(first: Standing | undefined, second: Standing | undefined): number {
  return median(pairsOf(first, second, 'perSecond').map(nsMore));
}

function nsMore([perSecond, otherPerSecond]: readonly [number, number]): number {
  return 1e9 / perSecond - 1e9 / otherPerSecond;
}

function pairsOf(first: Standing | undefined, second: Standing | undefined, measure: string) {
  return pairs(
    first?.turns ?? [],
    measure,
    second?.turns.map((sample) => ({ sample })),
  );
}

/** The values of two contestants in the turns that both have. */
function pairs(turns: readonly Sample[], measure: string, others: readonly Run[] = []): (readonly [number, number])[] {
  return turns.flatMap((sample, turn) => {
    const other = others[turn];
    const value = sample[measure];
    const base = other !== undefined && 'sample' in other ? other.sample[measure] : undefined;
    return value === undefined || base === undefined ? [] : [[value, base] as const];
  });
}
