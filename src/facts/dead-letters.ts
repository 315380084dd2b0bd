import { checkOptions, type OptionNames } from '../config/options.ts';
import { Mailbox } from '../core/mailbox.ts';

/** Why a message could not be routed or processed; a closed set. */
export type DeadLetterReason = 'unknown-type' | 'invalid' | 'failed' | 'not-retryable' | 'poison' | 'stopped';

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
  readonly #letters: Mailbox<DeadLetter>;
  #lastId = 0;
  #evicted = 0;

  constructor(capacity: number) {
    this.#letters = new Mailbox(capacity);
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
    return this.#letters.capacity;
  }

  set capacity(capacity: number) {
    this.#letters.capacity = capacity;
    this.#evict();
  }

  add(letter: Omit<DeadLetter, 'id'>): DeadLetter {
    this.#lastId += 1;
    const kept = { id: this.#lastId, ...letter };
    this.#letters.push(kept, kept.at, kept.id);
    this.#evict();
    return kept;
  }

  /** Those that match, oldest first. */
  list({ id, channel, reason, limit = Number.POSITIVE_INFINITY }: DeadLetterFilter = {}): readonly DeadLetter[] {
    const all = Array.from({ length: this.size }, (_, offset) => this.#letters.messageOf(offset));
    const found = all.filter(
      (letter) =>
        (id === undefined || letter.id === id) &&
        (channel === undefined || letter.channel === channel) &&
        (reason === undefined || letter.reason === reason),
    );
    return found.slice(0, Math.max(0, limit));
  }

  /** Removes those that match and hands them over, oldest first. */
  take(filter: DeadLetterFilter = {}): readonly DeadLetter[] {
    const taken = this.list(filter);
    const ids = new Set(taken.map(({ id }) => id));
    this.#letters.removeWhere((offset) => ids.has(this.#letters.messageOf(offset).id));
    return taken;
  }

  #evict(): void {
    while (this.size > this.capacity) {
      this.#letters.shift();
      this.#evicted += 1;
    }
  }
}
