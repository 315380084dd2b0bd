import type { FeedMetrics, FeedState, FeedView, SupervisedFeed } from '../core/supervised-feed.ts';
import { causeInWords } from '../facts/chart-words.ts';
import type { Explanation } from './explain.ts';

/** Everything measured of one feed of a router. */
export interface FeedReading extends FeedMetrics {
  readonly state: FeedState;
  /** The socket is paused because nobody has room. */
  readonly isPaused: boolean;
  /** How long ago the last message came, in ms; null: none did. */
  readonly lastMessageAgeMs: number | null;
}

/** Reads a feed at `wallTime`. */
export function readFeed({ isPaused, metrics, state }: FeedView, wallTime: number): FeedReading {
  const { lastMessageAt } = metrics;
  return { ...metrics, state, isPaused, lastMessageAgeMs: lastMessageAt === null ? null : wallTime - lastMessageAt };
}

/** Explains a feed; the sentence is its own. */
export function explainFeed(feed: Pick<SupervisedFeed, 'explain' | 'view'>): Explanation {
  const { cause, error, forMs, metrics, name, retryInMs, state } = feed.view;
  return {
    sentence: feed.explain(),
    ...{ channel: name, state, sinceMs: forMs, cause: causeInWords(cause), error },
    ...{ endsBy: ENDS_BY[state], endsInMs: retryInMs, waiting: metrics.held, inFlight: 0, sharesWith: [] },
  };
}

const ENDS_BY: Readonly<Record<FeedState, string>> = {
  new: 'the start of the router',
  resting: 'its hours',
  connecting: 'the service',
  authenticating: 'the service',
  subscribing: 'the service',
  streaming: 'the end of the connection',
  waiting: 'its next attempt',
  failed: 'reconnect by hand',
  stopped: 'nothing',
};

export const FEED_STATES: readonly string[] = Object.keys(ENDS_BY);
