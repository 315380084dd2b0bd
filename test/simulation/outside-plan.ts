import type { SimulatedSourceOptions } from '../../src/testing/index.ts';
import { chanceOf, type Dice } from './chance.ts';
import type { Action, Mark, Operation } from './plan.ts';

type Trouble = Required<Pick<SimulatedSourceOptions, 'delayMs' | 'failures'>>;

/** What outlives the process in a run: a source, and unless dead letters are kept in memory, a store of them. */
export interface OutsidePlan {
  readonly partitions: number;
  /** Frames that may be read and not committed in one partition. */
  readonly window: number;
  readonly source: Trouble;
  readonly store: (Trouble & { readonly max: number }) | undefined;
}

/**
 * Share of the seeds whose router reads a source, and of those with a store of dead letters. The others are for what
 * differs without: a stop has its whole deadline then, and memory makes room by letting the oldest letter go.
 */
const FED = 19 / 20;
const STORED = 19 / 20;

/** Undefined: the router of such a seed has no source. */
export function outsideOf(seed: number): OutsidePlan | undefined {
  const dice = chanceOf(seed, 5);
  if (!dice.isBelow(FED)) return undefined;
  const trouble = (): Trouble => ({ delayMs: dice.of([0, 5, 300]), failures: dice.of([0, 3, 10]) });
  return {
    partitions: dice.whole(1, 2),
    window: dice.of([2, 12, 1_000]),
    source: trouble(),
    store: dice.isBelow(STORED) ? { ...trouble(), max: dice.of([3, 30, 1e6]) } : undefined,
  };
}

/** What happens outside beside the actions of the plan of such a seed. */
export function actionsOutside(
  seed: number,
  { partitions }: OutsidePlan,
  channels: readonly string[],
  endMs: number,
): readonly Action[] {
  const dice = chanceOf(seed, 6);
  return Array.from({ length: dice.whole(6, 18) }, () => {
    const operation = operationOutside(dice, channels, dice.whole(0, partitions - 1));
    return { atMs: Math.floor(dice.random() * endMs), operation };
  });
}

function operationOutside(dice: Dice, channels: readonly string[], partition: number): Operation {
  const kind = dice.weighted({ frames: 16, revoke: 2, lose: 2, kill: 2, 'source-fails': 1, 'store-fails': 2 });
  switch (kind) {
    case 'frames':
      return {
        kind,
        partition,
        channel: dice.of(channels),
        sizes: Array.from({ length: dice.whole(1, 4) }, () => dice.of([0, 1, 2, 5, 20])),
        mark: dice.isBelow(0.3) ? dice.of<Mark>(['poison', 'refused', 'invalid']) : null,
        markEvery: dice.of([2, 3, 9]),
      };
    case 'revoke':
      return { kind, partition, withinMs: dice.of([10, 200, 1_000]) };
    case 'lose':
      return { kind, partition };
    case 'kill':
      return { kind };
    case 'source-fails':
      return { kind, how: dice.of(['reads', 'commits']), forMs: dice.of([20, 300]) };
    case 'store-fails':
      return { kind, forMs: dice.of([20, 300, 2_000]) };
  }
}
