import type { Clock } from '../core/clock.ts';
import type { Ending } from './ending.ts';

/** What is limited together: the same thing told of the same channel. */
export interface Kind {
  readonly type: string;
  readonly channel: string | null;
  /** What tells two of a type apart, as `reason: invalid`. */
  readonly about: Readonly<Record<string, unknown>>;
}

const PERIOD_MS = 10_000;

/** In each period so many of one kind get through, and so many of all kinds together. */
export interface Limits {
  readonly ofAKind: number;
  readonly ofAll: number;
}

/** What tells two facts of one type apart. */
const TELLING = ['reason', 'place', 'alert', 'to', 'feed'];

/** What a fact is limited together with. */
export function kindOf(type: string, fact: Readonly<Record<string, unknown>>): Kind {
  const about = Object.fromEntries(TELLING.flatMap((name) => (name in fact ? [[name, fact[name]]] : [])));
  return { type, channel: typeof fact.channel === 'string' ? fact.channel : null, about };
}

interface Count {
  readonly kind: Kind;
  told: number;
  more: number;
}

/**
 * Lets the first of each kind through in each period, and tells at its end how many more there were: what traffic can
 * cause a million times is told a few times and counted. Has a timer only while there is something to tell.
 */
export class RateLimit {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #ending: Ending;
  readonly #tellMore: (kind: Kind, more: number, withinMs: number) => void;
  readonly #counts = new Map<string, Count>();
  #told = 0;
  #begunAt = Number.NEGATIVE_INFINITY;
  #timer: unknown;

  /** At the end the last counts are told, and no timer runs any more. */
  constructor(
    limits: Limits,
    clock: Clock,
    ending: Ending,
    tellMore: (kind: Kind, more: number, withinMs: number) => void,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tellMore = tellMore;
    this.#ending = ending;
    ending.listen(() => this.#begin());
  }

  /** False: it is counted, and told of at the end of the period. */
  admits(kind: Kind): boolean {
    const now = this.#clock.now();
    if (now - this.#begunAt >= PERIOD_MS) this.#begin();
    const count = this.#countOf(kind);
    if (count.told < this.#limits.ofAKind && this.#told < this.#limits.ofAll) {
      count.told += 1;
      this.#told += 1;
      return true;
    }
    count.more += 1;
    if (!this.#ending.isOver) {
      this.#timer ??= this.#clock.setTimeout(() => this.#begin(), this.#begunAt + PERIOD_MS - now);
    }
    return false;
  }

  /** When too many kinds are told of, those of a type are counted together. */
  #countOf(kind: Kind): Count {
    const shared = this.#told < this.#limits.ofAll ? kind : { type: kind.type, channel: null, about: {} };
    const key = JSON.stringify([shared.type, shared.channel, shared.about]);
    const count = this.#counts.get(key) ?? { kind: shared, told: 0, more: 0 };
    this.#counts.set(key, count);
    return count;
  }

  #begin(): void {
    const now = this.#clock.now();
    const withinMs = Math.min(PERIOD_MS, now - this.#begunAt);
    const counts = [...this.#counts.values()];
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#counts.clear();
    this.#told = 0;
    this.#begunAt = now;
    for (const { kind, more } of counts) if (more > 0) this.#tellMore(kind, more, withinMs);
  }
}
