import { Feed } from './feed.ts';
import { type FeedOptions, feedSettings } from './feed-options.ts';
import { openWebSocket } from './web-socket.ts';

export type { FeedFacts, FeedGap, FeedGapReason } from '../core/feed-facts.ts';
export type { FeedMetrics, FeedReport, FeedState, FeedView, Standing } from '../core/supervised-feed.ts';
export type { Feed } from './feed.ts';
export type { FeedOptions } from './feed-options.ts';
export type { Backfill } from './gaps.ts';
export { type Hours, type WeeklyHours, weekly } from './hours.ts';
export type { Answer, BinaryFormat, Credentials, FeedProfile, Meant, SequenceNumber } from './profile.ts';
export { type AlpacaOptions, type AlpacaStream, alpaca } from './profiles/alpaca.ts';
export { type BinanceMarket, binance } from './profiles/binance.ts';
export { coinbase } from './profiles/coinbase.ts';
export { kraken } from './profiles/kraken.ts';
export { type MassiveMarket, massive } from './profiles/massive.ts';
export type { FeedSocket, OpenSocket, SocketEnd, SocketListener, SocketOptions } from './socket.ts';
export type { FullPolicy, MessageJournal, MessageRouter } from './target.ts';

/**
 * Makes a feed: a connection to a service that is kept up, and whose messages go to a router or a journal. `start` begins.
 * Throws `SluiceError` `invalid-option`.
 */
export function createFeed(options: FeedOptions): Feed {
  return new Feed(feedSettings(options, openWebSocket));
}
