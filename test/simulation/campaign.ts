import { type BurstShape, figureShapes, RECORDING, recordedShapes } from './burst-shapes.ts';
import { planOf } from './plan.ts';
import { run } from './run.ts';

/** Where bursts get their shape from: the figures of the recorded data, or the recording itself. */
export type Bursts = 'figures' | 'recorded';

export function shapesOf(bursts: Bursts): readonly BurstShape[] {
  if (bursts === 'figures') return figureShapes;
  const shapes = recordedShapes(RECORDING);
  if (shapes === undefined) throw new Error(`--bursts recorded: ${RECORDING.pathname} is not there`);
  return shapes;
}

/** A seed that broke a law. */
interface Failure {
  readonly seed: number;
  readonly law: string;
  readonly text: string;
}

/** What many runs came to. */
export interface Tally {
  runs: number;
  /** Those with a source and a store of dead letters. */
  stored: number;
  messages: number;
  readonly failures: Failure[];
  /** How often a fault struck, and two of them close to each other. */
  readonly faults: Map<string, number>;
  readonly combinations: Map<string, number>;
  /** The first seed that reached a combination. */
  readonly firstSeeds: Map<string, number>;
}

export function emptyTally(): Tally {
  return {
    runs: 0,
    stored: 0,
    messages: 0,
    failures: [],
    faults: new Map(),
    combinations: new Map(),
    firstSeeds: new Map(),
  };
}

/** Runs some seeds, one after the other. */
export async function runSeeds(seeds: Iterable<number>, shapes: readonly BurstShape[]): Promise<Tally> {
  const tally = emptyTally();
  for (const seed of seeds) {
    const plan = planOf(seed, shapes);
    const { messages, violations, faults, combinations } = await run(plan);
    tally.runs += 1;
    if (plan.outside?.store !== undefined) tally.stored += 1;
    tally.messages += messages;
    const [first] = violations;
    if (first !== undefined) tally.failures.push({ seed, law: first.law, text: first.text });
    addCounts(tally.faults, faults);
    addCounts(tally.combinations, combinations);
    for (const pair of combinations.keys()) if (!tally.firstSeeds.has(pair)) tally.firstSeeds.set(pair, seed);
  }
  return tally;
}

/** Adds what a part of the seeds came to. */
export function addTally(total: Tally, part: Tally): void {
  total.runs += part.runs;
  total.stored += part.stored;
  total.messages += part.messages;
  total.failures.push(...part.failures);
  addCounts(total.faults, part.faults);
  addCounts(total.combinations, part.combinations);
  for (const [pair, seed] of part.firstSeeds)
    total.firstSeeds.set(pair, Math.min(seed, total.firstSeeds.get(pair) ?? Number.POSITIVE_INFINITY));
}

function addCounts(total: Map<string, number>, part: ReadonlyMap<string, number>): void {
  for (const [name, count] of part) total.set(name, (total.get(name) ?? 0) + count);
}

/** The combinations that were reached least often, the rarest first. */
export function rarest({ combinations, firstSeeds }: Tally, count: number) {
  return [...combinations]
    .sort(([a, countA], [b, countB]) => countA - countB || (a < b ? -1 : 1))
    .slice(0, count)
    .map(([combination, times]) => ({ combination, times, seed: firstSeeds.get(combination) ?? 0 }));
}
