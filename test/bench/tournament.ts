import type { Case } from './case.ts';
import type { Apart, Opener, Run } from './run-apart.ts';
import type { Heat } from './selection.ts';
import { type Standing, standingsOf } from './standing.ts';

/** A case with its outcome. */
export interface Outcome {
  readonly heat: Heat;
  readonly standings: readonly Standing[];
  /** Why it did not run. */
  readonly skipped: string | undefined;
}

/** Round after round, in new processes, turn and turn about: what slows the machine down for a while meets all of them. */
export async function runHeat(
  heat: Heat,
  roundsAsked: number,
  openerOf: () => Opener,
  progress: (line: string) => void,
): Promise<Outcome> {
  const { name, roundsMax = roundsAsked } = heat.case;
  const { warmUp, counted } = heat.case.turns;
  const skipped = heat.case.unavailable?.();
  if (skipped !== undefined) {
    progress(`${name} SKIPPED: ${skipped}`);
    return { heat, standings: [], skipped };
  }
  const rounds = Math.min(roundsAsked, roundsMax);
  const runs = new Map<string, Run[]>(heat.contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= rounds; round += 1) {
    const open = openerOf();
    const entrants = new Map<string, Apart>();
    for (let turn = 1; turn <= warmUp + counted; turn += 1) {
      for (const [contestant, own] of shuffled(runs)) {
        // Nobody is opened before his first turn: who rests for long is slower than others.
        const entrant = entrants.get(contestant) ?? (await open(name, contestant));
        entrants.set(contestant, entrant);
        const run = await entrant.measure();
        if (turn > warmUp) own.push(run);
        if (turn < warmUp + counted) continue;
        const failure = await entrant.finish();
        if (failure !== undefined) own.splice(-1, 1, { failure });
        progress(`${name} ${round}/${rounds} ${contestant}: ${summary(heat.case, own.slice(-counted))}`);
      }
      if (turn === warmUp) progress(`${name} ${round}/${rounds} all are warm`);
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

/** In another order each turn: who comes after one that leaves much behind, to collect or to compile, is slower. */
function shuffled<Item>(items: Iterable<Item>): readonly Item[] {
  return Array.from(items, (item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
