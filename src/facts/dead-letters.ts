import { checkOptions, type OptionNames } from '../config/options.ts';

/** Why a message could not be routed or processed; a closed set. */
export type DeadLetterReason =
  | 'unknown-type'
  | 'invalid'
  | 'failed'
  | 'not-retryable'
  | 'poison'
  | 'removed'
  | 'stopped';

/** A message that could not be routed or processed. */
export interface DeadLetter {
  /** Counts up from 1 within a store. */
  readonly id: number;
  /** Null: no channel could be found for it. */
  readonly channel: string | null;
  readonly reason: DeadLetterReason;
  readonly message: unknown;
  /** What was thrown or said, if anything was. */
  readonly error: unknown;
  /** How often delivery was tried. */
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Which dead letters are meant; what is left out does not restrict. */
export interface DeadLetterFilter {
  readonly id?: number;
  readonly channel?: string | null;
  readonly reason?: DeadLetterReason;
  /** At most this many, the oldest first. */
  readonly limit?: number;
}

/** The names of these options. */
export const deadLetterFilter: OptionNames<DeadLetterFilter> = { id: true, channel: true, reason: true, limit: true };

/** Returns the filter; throws `SluiceError` when it has an unknown field. */
export function checkFilter(method: 'list' | 'drop', filter: DeadLetterFilter = {}): DeadLetterFilter {
  checkOptions(`deadLetters.${method}`, filter, deadLetterFilter);
  return filter;
}

/** A bounded store of dead letters: when it is full the oldest goes, and is counted. */
export class DeadLetters {
  /** By id, oldest first. */
  readonly #letters = new Map<number, DeadLetter>();
  #capacity: number;
  #lastId = 0;
  /** No older letter is kept; a `Map` would have to search for its first key. */
  #oldestId = 1;
  #evicted = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#letters.size;
  }

  /** How many had to go because the store was full. */
  get evicted(): number {
    return this.#evicted;
  }

  /** How many are kept; lowering it lets the oldest go at once. */
  get capacity(): number {
    return this.#capacity;
  }

  set capacity(capacity: number) {
    this.#capacity = capacity;
    this.#evict();
  }

  add({ channel, reason, message, error, attempts, at }: Omit<DeadLetter, 'id'>): DeadLetter {
    this.#lastId += 1;
    const letter = { id: this.#lastId, channel, reason, message, error, attempts, at };
    this.#letters.set(letter.id, letter);
    this.#evict();
    return letter;
  }

  /** Those that match, oldest first. */
  list({ id, channel, reason, limit = Number.POSITIVE_INFINITY }: DeadLetterFilter = {}): readonly DeadLetter[] {
    const letters = id === undefined ? [...this.#letters.values()] : [this.#letters.get(id) ?? []].flat();
    const matches = (letter: DeadLetter): boolean =>
      (channel === undefined || letter.channel === channel) && (reason === undefined || letter.reason === reason);
    return letters.filter(matches).slice(0, Math.max(0, limit));
  }

  /** Removes those that match; says how many. */
  drop(filter: DeadLetterFilter = {}): number {
    const dropped = this.list(filter);
    for (const { id } of dropped) this.#letters.delete(id);
    return dropped.length;
  }

  #evict(): void {
    while (this.size > this.capacity) {
      this.#oldestId += 1;
      if (this.#letters.delete(this.#oldestId - 1)) this.#evicted += 1;
    }
  }
}
