import type { Clock } from '../core/clock.ts';

/** `sequence`: numbers jumped. `reconnect`: the feed was away. `full`: messages came that nobody had room for. */
export type FeedGapReason = 'sequence' | 'reconnect' | 'full';

/** Messages that were not delivered: which, as far as it is known. */
export interface FeedGap {
  readonly id: number;
  readonly feed: string;
  readonly reason: FeedGapReason;
  /** What is numbered together, such as `trade BTCUSDT`; null: everything. */
  readonly of: string | null;
  /** The first and the last that are missing: sequence numbers, else times in ms since 1970. */
  readonly from: number;
  readonly to: number;
  readonly unit: 'sequence' | 'ms';
  /** How many messages; null: unknown. */
  readonly missing: number | null;
  /** When it was found, in ms since 1970. */
  readonly at: number;
}

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

export interface GapCounts {
  readonly found: number;
  readonly closed: number;
  /** Sum of what is known to be missing, closed gaps included. */
  readonly missing: number;
}

/** The gaps of one feed. */
export class Gaps {
  readonly #open = new Map<number, FeedGap>();
  readonly #feed: string;
  readonly #clock: Clock;
  readonly #listener: GapListener;
  readonly #backfill: Backfill | undefined;
  #counts: GapCounts = { found: 0, closed: 0, missing: 0 };

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

  get counts(): GapCounts {
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
