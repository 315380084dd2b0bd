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
/** In each period so many of all kinds together get through. */
const ALL_MAX = 1_000;

/** What tells two facts of one type apart. */
const TELLING = ['reason', 'place', 'alert', 'to', 'feed', 'how'];

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
 * Lets the first of each kind through in each period and says at its end how many more there were, so that what traffic
 * causes a million times is published a few times, with a count. It has a timer only while counts are open. When the router
 * ends, it publishes the last counts and leaves no timer. `kindMax`: so many of one kind get through in a period. The
 * function that is returned says whether one does; false: it is counted.
 */
export function rateLimit(
  kindMax: number,
  clock: Clock,
  ending: Ending,
  tellMore: (kind: Kind, more: number, withinMs: number) => void,
): (kind: Kind) => boolean {
  let counts = new Map<string, Count>();
  let told = 0;
  let begunAt = Number.NEGATIVE_INFINITY;
  let timer: unknown;
  const begin = (): void => {
    const now = clock.now();
    const withinMs = Math.min(PERIOD_MS, now - begunAt);
    const counted = [...counts.values()];
    clock.clearTimeout(timer);
    timer = undefined;
    counts = new Map();
    told = 0;
    begunAt = now;
    for (const { kind, more } of counted) if (more > 0) tellMore(kind, more, withinMs);
  };
  /** When too many kinds are told of, those of a type are counted together. */
  const countOf = (kind: Kind): Count => {
    const shared = told < ALL_MAX ? kind : { type: kind.type, channel: null, about: {} };
    const key = JSON.stringify([shared.type, shared.channel, shared.about]);
    const count = counts.get(key) ?? { kind: shared, told: 0, more: 0 };
    counts.set(key, count);
    return count;
  };
  ending.listen(begin);
  return (kind) => {
    const now = clock.now();
    if (now - begunAt >= PERIOD_MS) begin();
    const count = countOf(kind);
    if (count.told < kindMax && told < ALL_MAX) {
      count.told += 1;
      told += 1;
      return true;
    }
    count.more += 1;
    if (!ending.isOver) timer ??= clock.setTimeout(begin, begunAt + PERIOD_MS - now);
    return false;
  };
}
