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

/** The facts a feed publishes, by event name. */
export type FeedFacts = {
  'feed.entered': {
    readonly feed: string;
    readonly from: string | null;
    readonly to: string;
    readonly cause: string;
    readonly error: unknown;
  };
  /** Messages are missing. */
  'feed.gap': FeedGap;
  'feed.gapClosed': FeedGap;
  'feed.backfillFailed': { readonly feed: string; readonly gap: FeedGap; readonly error: unknown };
  /** The service said no; `names`: the subscriptions it said no to. */
  'feed.refused': { readonly feed: string; readonly names: readonly string[]; readonly why: string };
  /** Something came that is no message; `sample`: how it begins. */
  'feed.garbage': { readonly feed: string; readonly why: string; readonly sample: string };
};
