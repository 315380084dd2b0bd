import type { FeedFacts } from '../core/feed-facts.ts';
import type { FeedReport, SupervisedFeed } from '../core/supervised-feed.ts';
import type { Bus } from '../facts/bus.ts';
import type { WatchedFeed } from '../report/feed-alerts.ts';
import type { FeedLimits } from '../report/feed-findings.ts';

/** A feed, and what its router has to do with it. */
interface Entry extends WatchedFeed {
  readonly feed: SupervisedFeed;
  readonly unlisten: () => void;
}

/** The feeds of a router: they start with its channels and end before them, and their facts are those of the router. */
export class Feeds {
  readonly #bus: Bus;
  readonly all = new Map<string, Entry>();
  #isLaunched = false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** A feed that is added after the start is started at once. */
  add(feed: SupervisedFeed, limits: FeedLimits): void {
    const listener = (type: keyof FeedFacts, fact: FeedFacts[keyof FeedFacts]): void => this.#bus.publish(type, fact);
    feed.events.on('*', listener);
    this.all.set(feed.name, { feed, limits, unlisten: () => feed.events.off('*', listener) });
    if (this.#isLaunched) feed.start();
  }

  /** Stops a feed and forgets it. */
  remove(feed: SupervisedFeed): FeedReport {
    const report = feed.stop();
    this.all.get(feed.name)?.unlisten();
    this.all.delete(feed.name);
    return report;
  }

  launch(): void {
    this.#isLaunched = true;
    for (const { feed } of this.all.values()) feed.start();
  }

  /** Nothing is read any more. Called again, it changes nothing and gives the reports of that moment. */
  stop(): Readonly<Record<string, FeedReport>> {
    return Object.fromEntries([...this.all].map(([name, { feed }]) => [name, feed.stop()]));
  }
}
