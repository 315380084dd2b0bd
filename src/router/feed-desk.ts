import { checkOptions, type OptionNames } from '../config/options.ts';
import { channelName } from '../config/schema.ts';
import type { Discriminator } from '../core/recognition.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { Spill } from '../core/source-port.ts';
import type { FeedReport, FeedView, SupervisedFeed } from '../core/supervised-feed.ts';
import { FEED_LIMITS, type FeedLimits } from '../report/feed-findings.ts';
import { assertFree } from './named.ts';
import type { RouterParts } from './parts.ts';

const limitNames: OptionNames<FeedLimits> = { silenceMs: true, lagMs: true };

/** The feeds of a router, as `router.feeds`. */
export class FeedDesk {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** The feeds by name: a reading of this moment. */
  get views(): ReadonlyMap<string, FeedView> {
    return new Map([...this.#parts.feeds.all].map(([name, { feed }]) => [name, feed.view]));
  }

  /**
   * Gives a feed to the router: it starts with the router, or at once if that has started, and is stopped before the
   * channels. Returns the feed. Throws `SluiceError`: `invalid-option`, `duplicate-channel`, or `not-running` after a stop.
   */
  add<Feed extends SupervisedFeed>(feed: Feed, limits: Partial<FeedLimits> = {}): Feed {
    checkFeed(feed);
    checkOptions('feeds.add', limits, limitNames);
    const { silenceMs, lagMs } = { ...FEED_LIMITS, ...limits };
    for (const [limit, value] of Object.entries({ silenceMs, lagMs }))
      if (typeof value !== 'number' || !(value > 0))
        throw invalidOption(`feeds.add: ${limit} must be a number of ms above 0, got ${value}`);
    assertFree(this.#parts, feed.name);
    this.#parts.services.bus.changes.during(() => this.#parts.feeds.add(feed, { silenceMs, lagMs }));
    return feed;
  }

  /**
   * Where a feed can let messages wait that the channels have no room for: the journal that is a source of the router.
   * Undefined: there is none, or messages from there would not be told apart as this table of a profile does.
   */
  spillFor({ field, types }: Pick<Discriminator, 'field' | 'types'>): Spill | undefined {
    const { recognition } = this.#parts.destinations;
    const isSame = Object.entries(types).every(
      ([value, dataType]) => dataType === null || recognition.dataTypeOf({ [field]: value }) === dataType,
    );
    return isSame ? this.#parts.sources.spill : undefined;
  }

  /**
   * Takes in messages of a feed that stand side by side and are of one data type, from one on, while they need nothing but
   * room. Returns the place of the next one, which is to be routed.
   */
  routeRun(messages: readonly unknown[], from: number, to: number, dataType: string): number {
    return this.#parts.intake.routeRun(messages, from, to, dataType);
  }

  /** Subscribes a feed to more. Throws `unknown-channel`, and `invalid-option` for a name that the service cannot mean. */
  subscribe(name: string, names: readonly string[]): void {
    this.#feed(name).subscribe(names);
  }

  /** Ends subscriptions of a feed. Throws `unknown-channel`. */
  unsubscribe(name: string, names: readonly string[]): void {
    this.#feed(name).unsubscribe(names);
  }

  /** Stops a feed and takes it out; its report is returned, and that of `stop` leaves it out. Throws `unknown-channel`. */
  remove(name: string): FeedReport {
    const feed = this.#feed(name);
    const report = this.#parts.services.bus.changes.during(() => this.#parts.feeds.remove(feed));
    this.#parts.feedAlerts.forget(name);
    return report;
  }

  #feed(name: string): SupervisedFeed {
    const entry = this.#parts.feeds.all.get(name);
    if (entry !== undefined) return entry.feed;
    const names = [...this.#parts.feeds.all.keys()].join(', ');
    throw new SluiceError('unknown-channel', `no feed '${String(name)}'; there is ${names || 'none'}`);
  }
}

/** A caller without types may give anything. */
function checkFeed(feed: Partial<SupervisedFeed> | undefined): void {
  if (typeof feed?.start !== 'function' || typeof feed.explain !== 'function')
    throw invalidOption('feeds.add takes what createFeed of sluice/feeds has made');
  if (!channelName.test(feed.name ?? ''))
    throw invalidOption(
      `feeds.add: a feed of a router is named as a channel is: binance, us-stocks; got '${feed.name}'`,
    );
}
