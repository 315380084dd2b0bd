import type { KeptLetter, LetterFilter, LetterStore, NewLetter } from '../core/letter-store-port.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { JournalView } from './environment.ts';
import { checkLetterId, type LetterRecord, markedReplayed, matches, readLetter, toRecord } from './letter-record.ts';
import type { OwnedStore } from './owned-store.ts';

/** The dead letters of a journal, in databases of their own. */
export class JournalLetters implements LetterStore {
  readonly #store: OwnedStore;
  readonly #max: number;
  readonly #adding = new Map<string, Promise<void>>();
  #changed: Promise<unknown> = Promise.resolve();

  constructor(store: OwnedStore, max: number) {
    this.#store = store;
    this.#max = max;
  }

  get size(): number {
    return countLetters(this.#store.environment);
  }

  /** Rejects with `SluiceError`: `store-full`, `invalid-message`, or what ended the journal. */
  async add(letter: NewLetter): Promise<void> {
    const under = this.#adding.get(letter.id);
    if (under !== undefined) return under;
    const added = this.#add(letter).finally(() => this.#adding.delete(letter.id));
    this.#adding.set(letter.id, added);
    return added;
  }

  async list(filter: LetterFilter = {}): Promise<readonly KeptLetter[]> {
    const found = [...this.#find(filter)].map(readLetter);
    return filter.newest === true ? found.reverse() : found;
  }

  drop(filter: LetterFilter = {}): Promise<number> {
    return this.#inTurn(async () => {
      // Not the letters themselves: there may be more than memory holds.
      const found = Array.from(this.#find(filter), ({ at, id }) => ({ at, id }));
      const { letters, letterTimes } = this.#store.environment;
      await this.#store.write(() => {
        for (const { id, at } of found) {
          void letters.remove(id);
          void letterTimes.remove([at, id]);
        }
      });
      return found.length;
    });
  }

  markReplayed(ids: readonly string[], at: number): Promise<void> {
    return this.#inTurn(() => {
      const found = ids.flatMap((id) => [...this.#find({ id })]);
      return this.#store.write(() => {
        for (const record of found) void this.#store.environment.letters.put(record.id, markedReplayed(record, at));
      });
    });
  }

  /** A change that depends on what is there waits until the one before is written. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#changed.then(change);
    this.#changed = turn.catch(() => {});
    return turn;
  }

  async #add(letter: NewLetter): Promise<void> {
    this.#store.check();
    const { directory, letters, letterTimes } = this.#store.environment;
    checkLetterId(letter.id);
    if (letters.doesExist(letter.id)) return;
    const full = `the journal ${directory} has ${this.#max} dead letters (maxLetters): drop some`;
    if (countLetters(this.#store.environment) + this.#adding.size >= this.#max)
      throw new SluiceError('store-full', full);
    const record = toRecord(letter);
    await this.#store.write(() => {
      void letters.put(letter.id, record);
      void letterTimes.put([letter.at, letter.id], 0);
    });
  }

  /** The newest first, if those are meant. Throws what ended the journal. */
  *#find(filter: LetterFilter): Generator<LetterRecord> {
    const { id, since = 0, limit = Number.POSITIVE_INFINITY, newest } = filter;
    this.#store.check();
    const { letters, letterTimes } = this.#store.environment;
    const range = newest === true ? { reverse: true, end: [since, ''] } : { start: [since, ''] };
    const ids = id === undefined ? letterTimes.getKeys(range).map((key) => key[1]) : [id];
    let left = limit;
    for (const each of ids) {
      if (left <= 0) return;
      // Only `toRecord` makes them.
      const letter = letters.get(each) as LetterRecord | undefined;
      if (letter === undefined || !matches(letter, filter)) continue;
      left -= 1;
      yield letter;
    }
  }
}

/** Those on disk. */
export function countLetters({ letters }: Pick<JournalView, 'letters'>): number {
  return (letters.getStats() as { entryCount: number }).entryCount;
}
