import { inspect } from 'node:util';
import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import type { KeptLetter, LetterFilter, LetterStore, NewLetter } from '../core/letter-store-port.ts';
import type { GivenUp, Origin, Settlement } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Timers } from '../core/patient-timers.ts';
import type { Random } from '../core/random.ts';
import type { Bus } from './bus.ts';
import type { DeadLetter, DeadLetterFilter } from './dead-letters.ts';
import { WriteQueue } from './write-queue.ts';

const PAGE = 100;
/** The longest text of a message that its store cannot write down. */
const TEXT_MAX = 100_000;

/** What the letters in a store are made of. */
interface StoredParts {
  readonly store: LetterStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly bus: Bus;
}

/**
 * The dead letters in a store of the host. A message counts as a dead letter when the store has it: until then its origin
 * is not told, and it waits here. A store that is full or down is tried again until it takes the letter.
 */
export class StoredLetters {
  readonly #parts: StoredParts;
  /** What waits for the store. */
  readonly queue: WriteQueue;
  /** Letters of messages without an origin have ids of this run. */
  readonly #run: string;
  #lastId = 0;
  #lastSize = 0;
  #isFinishing = false;
  /** Ids of letters whose messages were taken in again, and of which nothing is known yet. */
  readonly #out = new Set<string>();
  #left: DeadLetter[] = [];

  /** `troubled`: why letters wait, in words, when that changes. */
  constructor(parts: StoredParts, troubled: (trouble: string | undefined) => void) {
    const { clock, random, timers } = parts;
    this.#parts = parts;
    this.queue = new WriteQueue({ clock, timers, troubled });
    this.#run = `${clock.wallTime().toString(36)}-${Math.floor(random() * 2 ** 32).toString(36)}`;
  }

  /** As of the last time that the store said it. */
  get size(): number {
    try {
      this.#lastSize = this.#parts.store.size;
    } catch (error) {
      this.#parts.bus.fault('letters', error);
    }
    return this.#lastSize;
  }

  /** Writes a letter; its origin hears when the store has it. */
  keep(fields: Omit<NewLetter, 'id'>, origin: Origin | undefined): void {
    const { bus, store } = this.#parts;
    const id = origin?.letterId?.(fields.channel) ?? `${this.#run}/${++this.#lastId}`;
    let letter: NewLetter = { id, ...fields };
    origin?.condemned?.();
    this.queue.add({
      run: async () => {
        try {
          await store.add(letter);
        } catch (error) {
          if ((error as { readonly code?: unknown } | null)?.code !== 'invalid-message') throw error;
          letter = asText(letter, error);
          await store.add(letter);
        }
      },
      done: () =>
        bus.changes.during(() => {
          origin?.settled('dead-lettered', letter);
          bus.publish('message.deadLettered', toDeadLetter(letter));
        }),
      leave: () => {
        if (origin === undefined) this.#left.push(toDeadLetter(letter));
        else origin.handedBack('unsettled');
      },
    });
  }

  /** Those that match, oldest first. */
  async list(filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> {
    const known = filterOf(filter);
    return known === undefined ? [] : (await this.#parts.store.list(known)).map(toDeadLetter);
  }

  /** Those that match, oldest first, also what comes meanwhile, a page at a time: a store may hold more than memory does. */
  async *each(filter: DeadLetterFilter): AsyncGenerator<DeadLetter> {
    const known = filterOf(filter);
    if (known === undefined) return;
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    let since: number | undefined;
    /** The ids of letters of that time. */
    let seen = new Set<string>();
    while (left > 0) {
      const limit = PAGE + seen.size;
      const page = await this.#parts.store.list({ ...known, ...(since !== undefined && { since }), limit });
      for (const letter of page) {
        if (letter.at !== since) {
          since = letter.at;
          seen = new Set();
        } else if (seen.has(letter.id)) continue;
        seen.add(letter.id);
        yield toDeadLetter(letter);
        left -= 1;
        if (left === 0) return;
      }
      if (page.length < limit) return;
    }
  }

  async drop(filter: DeadLetterFilter = {}): Promise<number> {
    const known = filterOf(filter);
    return known === undefined ? 0 : this.#parts.store.drop(known);
  }

  /** The letter is there, and its message was not taken in again. */
  async has(id: string): Promise<boolean> {
    return !this.#out.has(id) && (await this.#parts.store.list({ id })).length > 0;
  }

  /**
   * Counts a replay and has the message taken in again. Its letter leaves the store when the message is settled otherwise
   * than by the same letter. Undefined: another replay was faster.
   */
  async replay(letter: DeadLetter, accept: (origin: Origin, key: string | undefined) => Outcome) {
    const id = String(letter.id);
    if (this.#out.has(id)) return undefined;
    this.#out.add(id);
    try {
      await this.#parts.store.markReplayed([id], this.#parts.clock.wallTime());
      const outcome = accept(this.#replayed(letter, id), (letter as Partial<KeptLetter>).key);
      if (outcome.status === 'rejected') this.#out.delete(id);
      return outcome;
    } catch (error) {
      this.#out.delete(id);
      throw error;
    }
  }

  /** The router is stopped, and will ask for the rest. */
  expectFinish(): void {
    this.#isFinishing = true;
  }

  /** Writes what waits, by that time; returns the letters without an origin that the store did not take. */
  async finish(endsAt: number): Promise<readonly DeadLetter[]> {
    await this.queue.finish(endsAt);
    return this.#left;
  }

  routerEnded(): void {
    if (!this.#isFinishing) this.queue.end();
  }

  /** The origin of a message that was a letter: dead again, it is the same letter. */
  #replayed({ channel }: DeadLetter, id: string): Origin {
    const settled = (how: Settlement, given?: GivenUp): void => {
      this.#out.delete(id);
      if (how === 'dead-lettered' && given?.channel === channel) return;
      this.queue.add({ run: () => this.#parts.store.drop({ id }), done() {}, leave() {} });
    };
    return {
      source: undefined,
      letterId: (name) => (name === channel ? id : `${id}/${name}`),
      settled,
      handedBack: () => void this.#out.delete(id),
    };
  }
}

/** Undefined: letters in a store have other ids. */
function filterOf({ id, ...filter }: DeadLetterFilter): LetterFilter | undefined {
  if (typeof id === 'number') return undefined;
  return { ...filter, ...(id !== undefined && { id }) };
}

function toDeadLetter(letter: NewLetter | KeptLetter): DeadLetter {
  // A router writes no other reasons.
  const reason = letter.reason as DeadLetter['reason'];
  return { ...letter, reason };
}

const KEPT_AS_TEXT = '; the message is kept as text, because it cannot be written: ';

/** Its message is not there, only a string that shows it: no channel may get that for a message. */
export function isKeptAsText({ message, error }: Pick<DeadLetter, 'message' | 'error'>): boolean {
  return typeof message === 'string' && typeof error === 'string' && error.includes(KEPT_AS_TEXT);
}

/** What cannot be written as it is (a circle, a BigInt, too large) is kept as a string that shows it. */
function asText({ message, error, ...letter }: NewLetter, why: unknown): NewLetter {
  const text = inspect(message, { depth: 20, maxArrayLength: 1_000, maxStringLength: 10_000 }).slice(0, TEXT_MAX);
  return { ...letter, message: text, error: `${errorText(error)}${KEPT_AS_TEXT}${errorText(why)}` };
}
