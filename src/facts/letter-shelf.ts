import type { NewLetter } from '../core/letter-store-port.ts';
import { sizeOf } from '../core/size-of.ts';

/** How many letters are kept, and of how many bytes together. */
export interface ShelfLimits {
  readonly capacity: number;
  readonly bytesMax: number;
}

interface Shelved extends Pick<NewLetter, 'channel' | 'reason' | 'message' | 'error'> {
  readonly id: number;
}

/** The letters of one channel and reason, by id, oldest first. */
interface Kind {
  readonly ids: Set<number>;
  /** Goes through them once: to begin anew for each would pass over all that are gone. */
  oldest: Iterator<number, undefined>;
}

/**
 * Dead letters within bounds, by number and by bytes. When they are exceeded, the oldest letter of a frequent kind goes: a
 * flood of one channel or reason pushes out its own letters, not the only one of another.
 */
export class LetterShelf<Letter extends Shelved> {
  readonly #letters = new Map<number, { readonly letter: Letter; readonly bytes: number }>();
  readonly #kinds = new Map<string, Kind>();
  #limits: ShelfLimits;
  bytes = 0;
  evicted = 0;
  #lastError: unknown;

  constructor(limits: ShelfLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#letters.size;
  }

  /** How full it is, from 0 to 1. */
  get fill(): number {
    const { capacity, bytesMax } = this.#limits;
    return Math.max(this.size / Math.max(1, capacity), this.bytes / bytesMax);
  }

  set limits(limits: ShelfLimits) {
    this.#limits = limits;
    this.#evict('');
  }

  get(id: number): Letter | undefined {
    return this.#letters.get(id)?.letter;
  }

  all(): readonly Letter[] {
    return Array.from(this.#letters.values(), ({ letter }) => letter);
  }

  /** A letter that alone exceeds the bytes is not kept: all others would have to go for it. */
  add(letter: Letter): void {
    const { message, error } = letter;
    // The messages of a batch share their error.
    const bytes = sizeOf(message) + (error === this.#lastError ? 0 : sizeOf(error));
    this.#lastError = error;
    if (bytes > this.#limits.bytesMax || this.#limits.capacity === 0) {
      this.evicted += 1;
      return;
    }
    const name = letterKind(letter);
    const kind = this.#kinds.get(name) ?? newKind();
    this.#kinds.set(name, kind);
    kind.ids.add(letter.id);
    this.#letters.set(letter.id, { letter, bytes });
    this.bytes += bytes;
    this.#evict(name);
  }

  /** False: it is not there. */
  remove(id: number): boolean {
    const kind = this.#take(id);
    // An iterator that stands still keeps every table that its set has had.
    if (kind !== undefined) kind.oldest = kind.ids.values();
    return kind !== undefined;
  }

  /** The kind that it was of. */
  #take(id: number): Kind | undefined {
    const kept = this.#letters.get(id);
    if (kept === undefined) return undefined;
    this.#letters.delete(id);
    this.bytes -= kept.bytes;
    const name = letterKind(kept.letter);
    const kind = this.#kinds.get(name) ?? newKind();
    kind.ids.delete(id);
    if (kind.ids.size === 0) this.#kinds.delete(name);
    return kind;
  }

  #evict(newest: string): void {
    const { capacity, bytesMax } = this.#limits;
    while (this.size > capacity || this.bytes > bytesMax) {
      const id = this.#frequent(newest)?.oldest.next().value;
      if (id === undefined) return;
      this.#take(id);
      this.evicted += 1;
    }
  }

  /** The newest kind if it has its share, else the most frequent; of two the one that came first. */
  #frequent(newest: string): Kind | undefined {
    const kind = this.#kinds.get(newest);
    if (kind !== undefined && kind.ids.size > 1 && kind.ids.size >= this.size / this.#kinds.size) return kind;
    let most: Kind | undefined;
    for (const each of this.#kinds.values()) if (most === undefined || each.ids.size > most.ids.size) most = each;
    return most;
  }
}

function newKind(): Kind {
  const ids = new Set<number>();
  return { ids, oldest: ids.values() };
}

/** Letters of one kind make room for each other. */
export function letterKind({ channel, reason }: Pick<Shelved, 'channel' | 'reason'>): string {
  return `${reason} ${channel ?? ''}`;
}
