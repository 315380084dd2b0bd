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
  readonly #open = new Map<number, FeedGap>();
  readonly #feed: string;
  readonly #clock: Clock;
  readonly #listener: GapListener;
  readonly #backfill: Backfill | undefined;
  #counts: FeedMetrics['gaps'] = { found: 0, closed: 0, missing: 0 };

  constructor(feed: string, clock: Clock, listener: GapListener, backfill: Backfill | undefined) {
    this.#feed = feed;
    this.#clock = clock;
    this.#listener = listener;
    this.#backfill = backfill;
  }

  /** Those that are not closed, oldest first. */
  get open(): readonly FeedGap[] {
    return [...this.#open.values()];
  }

  get counts(): FeedMetrics['gaps'] {
    return this.#counts;
  }

  add(found: FoundGap): void {
    const count = this.#counts.found + 1;
    const gap: FeedGap = { id: count, feed: this.#feed, ...found, at: this.#clock.wallTime() };
    this.#counts = { ...this.#counts, found: count, missing: this.#counts.missing + (gap.missing ?? 0) };
    this.#open.set(gap.id, gap);
    for (const id of this.#open.keys()) {
      if (this.#open.size <= OPEN_MAX) break;
      this.#open.delete(id);
    }
    this.#listener.found(gap);
    if (this.#backfill !== undefined) void this.#fill(gap, this.#backfill);
  }

  /** The host has what was missing, or does not want it. False: there is no such open gap. */
  close(id: number): boolean {
    const gap = this.#open.get(id);
    if (gap === undefined) return false;
    this.#open.delete(id);
    this.#counts = { ...this.#counts, closed: this.#counts.closed + 1 };
    this.#listener.closed(gap);
    return true;
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
