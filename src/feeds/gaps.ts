import type { Clock } from '../core/clock.ts';
import type { FeedGap } from '../core/feed-facts.ts';
import type { FeedMetrics } from '../core/supervised-feed.ts';

/** What is known of a gap before it is written down. */
export type FoundGap = Pick<FeedGap, 'reason' | 'of' | 'from' | 'to' | 'unit' | 'missing'>;

/** Fetches what is missing; when its promise resolves, the gap is closed. */
export type Backfill = (gap: FeedGap) => Promise<unknown> | unknown;

/** Whom the gaps are told. */
export interface GapListener {
  found(gap: FeedGap): void;
  closed(gap: FeedGap): void;
  backfillFailed(gap: FeedGap, error: unknown): void;
}

/** So many open gaps are kept, the newest; all are counted. */
const OPEN_MAX = 1_000;

/** The gaps of one feed. */
export class Gaps {
  /** Each with the numbers inside of it that came after all. */
  readonly #open = new Map<number, { readonly gap: FeedGap; readonly late: Set<number> }>();
  readonly #feed: string;
  readonly #clock: Clock;
  readonly #listener: GapListener;
  readonly #backfill: Backfill | undefined;
  counts: FeedMetrics['gaps'] = { found: 0, closed: 0, missing: 0, late: 0 };

  constructor(feed: string, clock: Clock, listener: GapListener, backfill: Backfill | undefined) {
    this.#feed = feed;
    this.#clock = clock;
    this.#listener = listener;
    this.#backfill = backfill;
  }

  /** Those that are not closed, oldest first. */
  get open(): readonly FeedGap[] {
    return [...this.#open.values()].map(({ gap }) => gap);
  }

  add(found: FoundGap): void {
    const count = this.counts.found + 1;
    const gap: FeedGap = { id: count, feed: this.#feed, ...found, at: this.#clock.wallTime() };
    this.counts = { ...this.counts, found: count, missing: this.counts.missing + (gap.missing ?? 0) };
    this.#open.set(gap.id, { gap, late: new Set() });
    for (const id of this.#open.keys()) {
      if (this.#open.size <= OPEN_MAX) break;
      this.#open.delete(id);
    }
    this.#listener.found(gap);
    if (this.#backfill !== undefined) void this.#fill(gap, this.#backfill);
  }

  /** The host has what was missing, or does not want it. False: there is no such open gap. */
  close(id: number): boolean {
    const open = this.#open.get(id);
    if (open === undefined) return false;
    this.#open.delete(id);
    this.counts = { ...this.counts, closed: this.counts.closed + 1 };
    this.#listener.closed(open.gap);
    return true;
  }

  /** A message with this number came after all: the gap that it was missing in narrows, or closes. False: there is none. */
  fill(of: string, number: number): boolean {
    for (const { gap, late } of this.#open.values()) {
      if (gap.of !== of || number < gap.from || number > gap.to || late.has(number)) continue;
      this.counts = { ...this.counts, late: this.counts.late + 1 };
      late.add(number);
      let { from, to } = gap;
      while (late.delete(from)) from += 1;
      while (late.delete(to)) to -= 1;
      const narrowed = { ...gap, from, to, missing: (gap.missing ?? 0) - 1 };
      if (from <= to) this.#open.set(gap.id, { gap: narrowed, late });
      else this.close(gap.id);
      return true;
    }
    return false;
  }

  async #fill(gap: FeedGap, backfill: Backfill): Promise<void> {
    try {
      await backfill(gap);
      this.close(gap.id);
    } catch (error) {
      this.#listener.backfillFailed(gap, error);
    }
  }
}
