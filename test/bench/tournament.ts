import type { Run } from './run-apart.ts';
import type { Heat } from './selection.ts';
import { type Standing, standingsOf } from './standing.ts';

/** A case with its outcome. */
export interface Outcome {
  readonly heat: Heat;
  readonly standings: readonly Standing[];
  /** Why it did not run. */
  readonly skipped: string | undefined;
}

/** Runs a contestant once. */
export type Runner = (caseName: string, contestant: string) => Promise<Run>;

/** Round after round, and in each round one contestant after the other: what slows the machine down meets all of them. */
export async function runHeat(
  heat: Heat,
  roundsAsked: number,
  run: Runner,
  progress: (line: string) => void,
): Promise<Outcome> {
  const skipped = heat.case.unavailable?.();
  if (skipped !== undefined) {
    progress(`${heat.case.name} SKIPPED: ${skipped}`);
    return { heat, standings: [], skipped };
  }
  const rounds = Math.min(roundsAsked, heat.case.roundsMax ?? roundsAsked);
  const runs = new Map<string, Run[]>(heat.contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [contestant, own] of runs) {
      const outcome = await run(heat.case.name, contestant);
      own.push(outcome);
      progress(`${heat.case.name} ${round}/${rounds} ${contestant}: ${summary(heat, outcome)}`);
    }
  }
  return { heat, standings: standingsOf(heat.case, runs), skipped: undefined };
}

function summary(heat: Heat, run: Run): string {
  if ('failure' in run) return `FAILED: ${run.failure}`;
  return heat.case.measures
    .flatMap(({ name, title, text }) => {
      const value = run.sample[name];
      return value === undefined ? [] : [`${text(value)} ${title}`];
    })
    .join(', ');
}
