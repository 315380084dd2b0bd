import type { Apart, Opener, Run } from './apart.ts';
import type { Case } from './case.ts';
import { type Standing, standingsOf } from './standing.ts';

/** What came of a case. */
export interface Outcome {
  readonly case: Case;
  readonly standings: readonly Standing[];
  /** Why it did not run. */
  readonly skipped?: string;
}

/** Round after round, in new processes, which take turns: what slows the machine down for a while meets all of them. */
export async function runCase(each: Case, roundsAsked: number, open: Opener, against?: string): Promise<Outcome> {
  const { name, turns, roundsMax = roundsAsked } = each;
  const skipped = each.unavailable?.();
  if (skipped !== undefined) return { case: each, standings: [], skipped };
  const runs = new Map<string, Run[]>(each.contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= Math.min(roundsAsked, roundsMax); round += 1) {
    const entrants = new Map<string, Apart>();
    for (let turn = 1; turn <= turns.warmUp + turns.counted; turn += 1) {
      for (const [contestant, own] of shuffled(runs)) {
        // A contestant is opened for its first turn: V8 tidies up the heap of a process that rests, and it is slower then.
        const entrant = entrants.get(contestant) ?? (await open(name, contestant, against));
        entrants.set(contestant, entrant);
        const run = await entrant.measure();
        if (turn > turns.warmUp) own.push(run);
      }
    }
    for (const [contestant, entrant] of entrants) {
      const failure = await entrant.finish();
      if (failure !== undefined) runs.get(contestant)?.splice(-1, 1, { failure });
    }
  }
  return { case: each, standings: standingsOf(each, runs) };
}

/** In another order each turn: a contestant is slower after one that leaves much behind to collect or to compile. */
function shuffled<Item>(items: Iterable<Item>): readonly Item[] {
  return Array.from(items, (item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
