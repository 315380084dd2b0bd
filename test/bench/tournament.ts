import type { Case } from './case.ts';
import type { Apart, Run } from './run-apart.ts';
import type { Heat } from './selection.ts';
import { type Standing, standingsOf } from './standing.ts';

/** A case with its outcome. */
export interface Outcome {
  readonly heat: Heat;
  readonly standings: readonly Standing[];
  /** Why it did not run. */
  readonly skipped: string | undefined;
}

/** Opens a contestant in a process of its own. */
export type Opener = (caseName: string, contestant: string) => Promise<Apart>;

/** Round after round, in new processes; in each all are warm before they are measured, turn and turn about. */
export async function runHeat(
  heat: Heat,
  roundsAsked: number,
  open: Opener,
  progress: (line: string) => void,
): Promise<Outcome> {
  const { name, turns, roundsMax = roundsAsked } = heat.case;
  const skipped = heat.case.unavailable?.();
  if (skipped !== undefined) {
    progress(`${name} SKIPPED: ${skipped}`);
    return { heat, standings: [], skipped };
  }
  const rounds = Math.min(roundsAsked, roundsMax);
  const runs = new Map<string, Run[]>(heat.contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= rounds; round += 1) {
    const entrants = new Map<string, Apart>();
    for (const contestant of heat.contestants) {
      progress(`${name} ${round}/${rounds} ${contestant} warms up`);
      entrants.set(contestant, await open(name, contestant));
    }
    // What slows the machine down for a while meets all of them.
    for (let turn = 1; turn <= turns; turn += 1) {
      for (const [contestant, entrant] of entrants) {
        const own = runs.get(contestant) ?? [];
        own.push(await entrant.measure());
        if (turn < turns) continue;
        const failure = await entrant.finish();
        if (failure !== undefined) own.splice(-1, 1, { failure });
        progress(`${name} ${round}/${rounds} ${contestant}: ${summary(heat.case, own.slice(-turns))}`);
      }
    }
  }
  return { heat, standings: standingsOf(heat.case, runs), skipped: undefined };
}

function summary(theCase: Case, runs: readonly Run[]): string {
  const [standing] = standingsOf(theCase, new Map([['', runs]]));
  if (standing?.failure !== undefined) return `FAILED: ${standing.failure}`;
  return theCase.measures
    .flatMap(({ name, title, text }) => {
      const value = standing?.medians[name];
      return value === undefined ? [] : [`${text(value)} ${title}`];
    })
    .join(', ');
}
