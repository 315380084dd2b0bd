import type { KeptLetter, LetterFilter, LetterStore, NewLetter } from '../core/letter-store-port.ts';
import { limited } from '../core/limited.ts';
import type { LetterRecord } from '../journal/letter-record.ts';
import { checkLetterId, markedReplayed, matches, readLetter, toRecord } from '../journal/letter-record.ts';

/** What a broker must give to keep letters: texts by id, written by compare-and-set. All of it rejects while it is away. */
export interface LetterTexts {
  count(): Promise<number>;
  /** Once per id: one that is there stays as it is. Rejects with `SluiceError` `store-full`. */
  add(id: string, text: string): Promise<void>;
  read(id: string): Promise<LetterText | undefined>;
  readAll(): AsyncIterable<LetterText>;
  /** False: the text is not the one that was read. */
  replace(id: string, read: LetterText, text: string): Promise<boolean>;
  /** Says how many were there. */
  remove(ids: readonly string[]): Promise<number>;
}

export interface LetterText {
  readonly text: string;
  readonly revision: number;
}

/** The dead letters of all processes that use the same broker. */
export class BrokerLetters implements LetterStore {
  readonly #texts: LetterTexts;
  #size = 0;
  #isCounting = false;

  constructor(texts: LetterTexts) {
    this.#texts = texts;
  }

  /** As the broker said it last; each look asks it again. */
  get size(): number {
    void this.#count();
    return this.#size;
  }

  /** Resolves when the broker has the letter. Rejects with `SluiceError` `store-full` or `invalid-message`, or because it is away. */
  async add(letter: NewLetter): Promise<void> {
    checkLetterId(letter.id);
    await this.#texts.add(letter.id, JSON.stringify(toRecord(letter)));
    await this.#count();
  }

  async list(filter: LetterFilter = {}): Promise<readonly KeptLetter[]> {
    return (await this.#find(filter)).map(readLetter);
  }

  async drop(filter: LetterFilter = {}): Promise<number> {
    const dropped = await this.#texts.remove((await this.#find(filter)).map(({ id }) => id));
    await this.#count();
    return dropped;
  }

  async markReplayed(ids: readonly string[], at: number): Promise<void> {
    for (const id of ids) while (!(await this.#markReplayed(id, at)));
  }

  /** False: another process changed the letter meanwhile. */
  async #markReplayed(id: string, at: number): Promise<boolean> {
    const read = await this.#texts.read(id);
    return read === undefined || this.#texts.replace(id, read, JSON.stringify(markedReplayed(recordOf(read), at)));
  }

  /** Holds no more than twice what is asked for: a broker may keep more than memory does. */
  async #find(filter: LetterFilter): Promise<readonly LetterRecord[]> {
    const held = Math.max(1, filter.limit ?? Number.POSITIVE_INFINITY) * 2;
    let found: LetterRecord[] = [];
    const wanted = () =>
      limited(
        found.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)),
        filter,
      );
    for await (const each of filter.id === undefined ? this.#texts.readAll() : this.#readOne(filter.id)) {
      const record = recordOf(each);
      if (matches(record, filter)) found.push(record);
      if (found.length >= held) found = [...wanted()];
    }
    return wanted();
  }

  async *#readOne(id: string): AsyncIterable<LetterText> {
    const read = await this.#texts.read(id);
    if (read !== undefined) yield read;
  }

  async #count(): Promise<void> {
    if (this.#isCounting) return;
    this.#isCounting = true;
    try {
      this.#size = await this.#texts.count();
    } catch {
      // What it said last stands; `add` tells that it is away.
    } finally {
      this.#isCounting = false;
    }
  }
}

/** Only `BrokerLetters` writes these texts. */
function recordOf({ text }: LetterText): LetterRecord {
  return JSON.parse(text) as LetterRecord;
}
