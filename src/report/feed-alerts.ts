import type { Services } from '../channel/services.ts';
import type { FeedView } from '../core/supervised-feed.ts';
import { ENDS_MAX, type FeedLimits, type FeedSight, feedFindings, feedSightOf, isWatched } from './feed-findings.ts';
import type { RaisedAlerts } from './raised-alerts.ts';

/** How often feeds are looked at while messages are due from any of them, in ms. */
const LOOK_MS = 1_000;

/** A feed, and when something is wrong with it. */
export interface WatchedFeed {
  readonly feed: { readonly view: FeedView };
  readonly limits: FeedLimits;
}

/** Raises and clears the alerts about feeds. A feed is looked at when it enters a state, and while messages are due from it. */
export class FeedAlerts {
  readonly #clock: Services['clock'];
  readonly #feeds: ReadonlyMap<string, WatchedFeed>;
  readonly #raised: RaisedAlerts;
  readonly #sights = new Map<string, FeedSight>();
  /** When the last connections of each ended. */
  readonly #ends = new Map<string, number[]>();
  #timer: unknown;

  constructor(services: Services, raised: RaisedAlerts, feeds: ReadonlyMap<string, WatchedFeed>) {
    this.#clock = services.clock;
    this.#feeds = feeds;
    this.#raised = raised;
    services.bus.tap('feed.entered', ({ feed, to }) => {
      const ends = this.#ends.get(feed) ?? [];
      if (to === 'waiting' && feeds.has(feed)) this.#ends.set(feed, [...ends, this.#clock.now()].slice(-ENDS_MAX));
      this.#look(feed);
      this.#watch();
    });
    services.bus.tap('feed.refused', ({ feed }) => this.#look(feed));
  }

  /** It is no longer one of this router. */
  forget(name: string): void {
    this.#sights.delete(name);
    this.#ends.delete(name);
    this.#raised.clear({ channel: null, feed: name });
  }

  /** A timer runs only while messages are due. One that runs is left alone: feeds may enter states more often than it fires. */
  #watch(): void {
    const isDue = [...this.#feeds.values()].some(({ feed }) => isWatched(feed.view));
    if (!isDue) this.#clock.clearTimeout(this.#timer);
    const lookAround = (): void => {
      this.#timer = undefined;
      for (const name of this.#feeds.keys()) this.#look(name, true);
      this.#watch();
    };
    this.#timer = isDue ? (this.#timer ?? this.#clock.setTimeout(lookAround, LOOK_MS)) : undefined;
  }

  #look(name: string, isTimed = false): void {
    const watched = this.#feeds.get(name);
    if (watched === undefined) return;
    const { limits } = watched;
    const { view } = watched.feed;
    if (view.state === 'stopped') return this.forget(name);
    const now = this.#clock.now();
    const before = this.#sights.get(name);
    const sight = feedSightOf(view, before, limits, now);
    // Lateness is taken from second to second: a look in between counts nothing.
    this.#sights.set(name, isTimed ? sight : { ...sight, late: before?.late ?? 0, received: before?.received ?? 0 });
    const findings = feedFindings(view, sight, this.#ends.get(name) ?? [], limits, now);
    this.#raised.setAll({ channel: null, feed: name }, findings);
  }
}
