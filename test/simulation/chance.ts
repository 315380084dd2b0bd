import { createRandom, type Random } from '../../src/index.ts';

/** All chance of a run comes from its seed; each purpose has a stream of its own, so that one does not shift another. */
export function chanceOf(seed: number, purpose: number): Dice {
  return new Dice(createRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(purpose + 1, 0xc2b2ae35)));
}

/** A source of chance with the questions a simulation asks. */
export class Dice {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** A whole number from `min` to `max`. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  isBelow(share: number): boolean {
    return this.random() < share;
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new RangeError('there is nothing to choose from');
    return item;
  }

  /** A key, as often as its weight says. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    // Object.entries widens the keys to strings; these are those of the record.
    const entries = Object.entries(weights) as [Key, number][];
    let left = this.random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    throw new RangeError('all weights are 0');
  }
}
