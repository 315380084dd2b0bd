import { checkOptions, type OptionNames } from '../config/options.ts';
import type { LetterFilter, NewLetter } from '../core/letter-store-port.ts';
import { limited } from '../core/limited.ts';
import type { Outcome } from '../core/outcome.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { LetterShelf, letterKind, type ShelfLimits } from './letter-shelf.ts';

/**
 * Why a message could not be routed or processed; a closed set. `undecodable`: the bytes that a source brought say nothing
 * · `crashed`: the process died of it several times.
 */
export type DeadLetterReason =
  | 'unknown-type'
  | 'invalid'
  | 'undecodable'
  | 'crashed'
  | 'failed'
  | 'not-retryable'
  | 'poison'
  | 'removed'
  | 'stopped';

/** The message never came past the door: no channel answered for it. */
export function isRefusal(reason: unknown): reason is 'unknown-type' | 'invalid' | 'undecodable' | 'crashed' {
  return reason === 'unknown-type' || reason === 'invalid' || reason === 'undecodable' || reason === 'crashed';
}

/** A message that could not be routed or processed. */
export interface DeadLetter extends Omit<NewLetter, 'id' | 'key'> {
  /** In memory it counts up from 1; in a store of the host it is a string, the same whenever the message comes again. */
  readonly id: number | string;
  readonly reason: DeadLetterReason;
  /** How often it was replayed; counted in a store of the host only. */
  readonly replays?: number;
}

/** A dead letter in memory. */
export interface MemoryLetter extends DeadLetter {
  readonly id: number;
}

/** Which dead letters are meant; what is left out does not restrict. */
export interface DeadLetterFilter extends Pick<LetterFilter, 'channel' | 'limit' | 'newest'> {
  readonly id?: number | string;
  readonly reason?: DeadLetterReason;
}

/** The names of these options. */
export const deadLetterFilter: OptionNames<DeadLetterFilter> = {
  id: true,
  channel: true,
  reason: true,
  limit: true,
  newest: true,
};

/** Returns the filter; throws `SluiceError` when it has an unknown field, or a limit that is none. */
export function checkFilter(method: 'list' | 'drop', filter: DeadLetterFilter = {}): DeadLetterFilter {
  checkOptions(`deadLetters.${method}`, filter, deadLetterFilter);
  checkCounts(method, { limit: filter.limit });
  return filter;
}

/** Throws `SluiceError` for what is no number of letters or times. */
export function checkCounts(method: string, counts: Readonly<Record<string, number | undefined>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (count === undefined || count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && count >= 0)) continue;
    throw invalidOption(`deadLetters.${method}: ${name} must be a whole number from 0, got ${String(count)}`);
  }
}

/** How many letters are kept, and of how many bytes: those of accepted messages, and those of refused ones. */
export interface LetterLimits extends ShelfLimits {
  readonly refused: ShelfLimits;
}

/** When the shelf of refused messages is full, so many of each kind are kept in a second: the others are only counted. */
const SAMPLES = 10;
const SECOND_MS = 1_000;

/**
 * A bounded store of dead letters. Letters of messages that were refused at the door have bounds of their own, so that
 * they push out no letter of a message that was accepted and given up.
 */
export class DeadLetters {
  readonly #accepted: LetterShelf<MemoryLetter>;
  readonly #refused: LetterShelf<MemoryLetter>;
  #lastId = 0;
  skipped = 0;
  readonly #samples = new Map<string, number>();
  #sampledFrom = Number.NEGATIVE_INFINITY;
  /** What chose, or would have chosen, the partitions of their messages. */
  readonly #keys = new WeakMap<DeadLetter, string>();
  /** It is being replayed. */
  #replayed: MemoryLetter | undefined;

  constructor(limits: LetterLimits) {
    this.#accepted = new LetterShelf(limits);
    this.#refused = new LetterShelf(refusedLimits(limits));
  }

  get size(): number {
    return this.#accepted.size + this.#refused.size;
  }

  get bytes(): number {
    return this.#accepted.bytes + this.#refused.bytes;
  }

  get evicted(): number {
    return this.#accepted.evicted + this.#refused.evicted;
  }

  /** Evicted letters of accepted messages, and how full their shelf is, from 0 to 1. */
  get lost(): { readonly count: number; readonly fill: number } {
    return { count: this.#accepted.evicted, fill: this.#accepted.fill };
  }

  /** How many are kept; lowering it lets the oldest go at once. */
  set limits(limits: LetterLimits) {
    this.#accepted.limits = limits;
    this.#refused.limits = refusedLimits(limits);
  }

  /** Undefined: it is only counted. `key`: of a payload that may show its own no more. */
  add(fields: Omit<DeadLetter, 'id'>, key?: string): MemoryLetter | undefined {
    const { channel, reason, message, error, attempts, at } = fields;
    const isRefused = isRefusal(reason);
    if (this.#replayed !== undefined && message === this.#replayed.message) {
      // Refused again: its letter is there. Given up at once: the new letter takes the place of the old one.
      if (isRefused) return undefined;
      this.#remove(this.#replayed.id);
    }
    if (isRefused && !this.#isWanted(fields)) {
      this.skipped += 1;
      return undefined;
    }
    this.#lastId += 1;
    // The store finds it by what it says.
    const letter = Object.freeze({ id: this.#lastId, channel, reason, message, error, attempts, at });
    (isRefused ? this.#refused : this.#accepted).add(letter);
    if (key !== undefined) this.#keys.set(letter, key);
    return letter;
  }

  /** Lets a letter's message be taken in again: the letter leaves when it was accepted. */
  replay(letter: MemoryLetter, accept: (key: string | undefined) => Outcome): Outcome {
    this.#replayed = letter;
    try {
      const outcome = accept(this.#keys.get(letter));
      if (outcome.status === 'accepted') this.#remove(letter.id);
      return outcome;
    } finally {
      this.#replayed = undefined;
    }
  }

  get(id: number | string): MemoryLetter | undefined {
    if (typeof id === 'string') return undefined;
    return this.#accepted.get(id) ?? this.#refused.get(id);
  }

  /** Those that match, oldest first. */
  list({ id, channel, reason, ...filter }: DeadLetterFilter = {}): readonly MemoryLetter[] {
    const matches = (letter: MemoryLetter): boolean =>
      (channel === undefined || letter.channel === channel) && (reason === undefined || letter.reason === reason);
    const letters = id === undefined ? [...this.#accepted.all(), ...this.#refused.all()] : [this.get(id) ?? []].flat();
    const found = letters.filter(matches).sort((left, right) => left.id - right.id);
    return limited(found, filter);
  }

  /** Removes those that match; says how many. */
  drop(filter: DeadLetterFilter = {}): number {
    const dropped = this.list(filter);
    for (const { id } of dropped) this.#remove(id);
    return dropped.length;
  }

  #remove(id: number): void {
    if (!this.#accepted.remove(id)) this.#refused.remove(id);
  }

  /** A full shelf takes samples. */
  #isWanted(letter: Omit<DeadLetter, 'id'>): boolean {
    if (this.#refused.fill < 1) return true;
    // A wall clock may be set back.
    if (Math.abs(letter.at - this.#sampledFrom) >= SECOND_MS) {
      this.#samples.clear();
      this.#sampledFrom = letter.at;
    }
    const kind = letterKind(letter);
    const count = (this.#samples.get(kind) ?? 0) + 1;
    this.#samples.set(kind, count);
    return count <= SAMPLES;
  }
}

/** Never more than of accepted messages. */
function refusedLimits({ capacity, bytesMax, refused }: LetterLimits): ShelfLimits {
  return { capacity: Math.min(capacity, refused.capacity), bytesMax: Math.min(bytesMax, refused.bytesMax) };
}
