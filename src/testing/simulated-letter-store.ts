import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import type { KeptLetter, LetterFilter, LetterStore } from '../core/letter-store-port.ts';
import { limited } from '../core/limited.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { matches } from '../journal/letter-record.ts';
import { troubleFrom } from './trouble.ts';

/** A store of dead letters in memory that is slow, fails and is full, as the test wants. */
export interface SimulatedLetterStore extends LetterStore {
  /** From now on `add` rejects with it and keeps nothing; undefined: it works. */
  failWith(error: unknown): void;
  /** From now on it neither delays nor fails. */
  calm(): void;
}

/** How a simulated store is made. */
export interface SimulatedLetterStoreOptions {
  readonly clock: Clock;
  /** How many letters it takes. Default: no limit. */
  readonly max?: number;
  /** The same seed, the same delays and failures. Default 1. */
  readonly seed?: number;
  /** No `add` takes longer, in ms. Default 0. */
  readonly delayMs?: number;
  /** How many of 100 `add` fail; half of those keep the letter all the same. Default 0. */
  readonly failures?: number;
}

/** Creates a store of dead letters for tests. It outlives the router, as a store on disk does. */
export function simulatedLetterStore(options: SimulatedLetterStoreOptions): SimulatedLetterStore {
  checkOptions('simulatedLetterStore', options, { clock: true, max: true, seed: true, delayMs: true, failures: true });
  const { max = Number.POSITIVE_INFINITY } = options;
  const trouble = troubleFrom(options);
  const letters = new Map<string, KeptLetter>();
  let failure: unknown;
  const matching = (filter: LetterFilter = {}): KeptLetter[] => {
    const { id } = filter;
    const found = [...letters.values()].filter((each) => (id === undefined || each.id === id) && matches(each, filter));
    return [
      ...limited(
        found.sort((left, right) => left.at - right.at),
        filter,
      ),
    ];
  };
  return {
    get size() {
      return letters.size;
    },
    async add(letter) {
      await trouble.delay();
      if (failure !== undefined) throw failure;
      const strikes = trouble.strikes();
      if (strikes && trouble.strikes()) throw new Error('the store failed');
      if (!letters.has(letter.id)) {
        if (letters.size >= max) throw new SluiceError('store-full', `there are ${max} dead letters: drop some`);
        letters.set(letter.id, { ...letter, replays: 0, replayedAt: undefined });
      }
      if (strikes) throw new Error('the store did not answer');
    },
    async list(filter) {
      return matching(filter);
    },
    async drop(filter) {
      const dropped = matching(filter);
      for (const { id } of dropped) letters.delete(id);
      return dropped.length;
    },
    async markReplayed(ids, at) {
      for (const id of ids) {
        const letter = letters.get(id);
        if (letter !== undefined) letters.set(id, { ...letter, replays: letter.replays + 1, replayedAt: at });
      }
    },
    failWith(error) {
      failure = error;
    },
    calm() {
      failure = undefined;
      trouble.calm();
    },
  };
}
