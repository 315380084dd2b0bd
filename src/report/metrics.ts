import type { BreakerMetrics, ChannelMetrics } from '../channel/channel-metrics.ts';
import { type ChannelView, viewOf } from '../channel/partition-view.ts';
import type { Breaker } from '../core/breaker.ts';
import { Counter, type Counters } from '../core/counters.ts';
import { addLedgers, countLedger, isConserved, type Ledger } from '../core/ledger.ts';
import type { FeedView } from '../core/supervised-feed.ts';
import type { Faults } from '../facts/bus.ts';
import type { SourceView } from '../source/source-view.ts';
import { type FeedReading, readFeed } from './feed-info.ts';
import { eachOf, worstState } from './health.ts';
import type { Subject } from './raised-alerts.ts';
import { isSourceConserved, type SourceMetrics, sourceMetrics } from './source-metrics.ts';

/** Everything measured of a router. */
export interface RouterMetrics {
  /**
   * All that was handed to the router, unroutable messages among them. Where channels share a data type, a message counts
   * once for each channel that took it in or found it invalid; refused, it counts once, for the channel that refused it.
   */
  readonly received: number;
  /** Messages that no channel serves; rejected, and kept as dead letters. */
  readonly unroutable: number;
  /** Messages that nobody wants, by `recognize.ignore` or a rule; rejected, and only counted. */
  readonly ignored: number;
  /** Both equations of the conservation rule hold for every channel, and nothing that the router, a source or a feed received is missing. */
  readonly conserved: boolean;
  readonly channels: Readonly<Record<string, ChannelMetrics>>;
  readonly sources: Readonly<Record<string, SourceMetrics>>;
  readonly feeds: Readonly<Record<string, FeedReading>>;
  readonly deadLetters: LetterCounts;
  /** Callbacks of the host that threw, by place. */
  readonly faults: Faults;
}

/** What became of dead letters. */
export interface LetterCounts {
  readonly stored: number;
  /** Of them, those in a store of the host. */
  readonly lasting: number;
  /** Given up, and not in the store yet; always 0 in memory. */
  readonly waiting: number;
  /** About how many bytes those in memory take. */
  readonly bytes: number;
  /** Had to go because the store was full. */
  readonly evicted: number;
  /** Refused messages that made no letter, because there were too many of their kind. */
  readonly skipped: number;
}

/** What is read of a router. `removed`: the counts of channels that were taken out. */
export interface RouterView extends Pick<RouterMetrics, 'unroutable' | 'ignored' | 'faults'> {
  readonly channels: ReadonlyMap<string, ChannelView>;
  readonly sources: ReadonlyMap<string, { readonly view: SourceView }>;
  readonly feeds: ReadonlyMap<string, { readonly feed: { readonly view: FeedView } }>;
  /** What alerts say is wrong with the router, a channel or a feed; null: nothing. */
  trouble(subject: Subject): string | null;
  readonly removed: Ledger;
  /** In ms on the clock, and since 1970. */
  readonly now: number;
  readonly wallTime: number;
  readonly deadLetters: Omit<LetterCounts, 'stored' | 'lasting' | 'waiting'> & { readonly size: number };
  /** Those in a store of the host; undefined: there is none. */
  readonly stored: { readonly size: number; readonly queue: { readonly size: number } } | undefined;
}

/** Everything measured of a router, as a plain snapshot. */
export function routerMetrics(view: RouterView): RouterMetrics {
  const { faults, ignored, now, removed, unroutable, wallTime } = view;
  const { size, bytes, evicted, skipped } = view.deadLetters;
  const lasting = view.stored?.size ?? 0;
  const channels = eachOf(view.channels, channelMetrics);
  const sources = eachOf(view.sources, (source) => sourceMetrics(source.view, now));
  const feeds = eachOf(view.feeds, ({ feed }) => readFeed(feed.view, wallTime));
  const all = Object.values(channels);
  const total = addLedgers([removed, ...all]);
  const isOthersConserved =
    Object.values(sources).every(isSourceConserved) && Object.values(feeds).every(({ conserved }) => conserved);
  return {
    received: total.received + unroutable + ignored,
    unroutable,
    ignored,
    conserved: isConserved(total) && all.every(isConserved) && isOthersConserved,
    ...{ channels, sources, feeds },
    deadLetters: { stored: size + lasting, lasting, waiting: view.stored?.queue.size ?? 0, bytes, evicted, skipped },
    faults,
  };
}

/** Sums the partitions of a channel into one snapshot. */
export function channelMetrics(channel: ChannelView): ChannelMetrics {
  const { breaker, keys, partitions, processing, queueing, share } = channel;
  const views = partitions.map(viewOf);
  const count = countsIn(partitions);
  const depth = views.reduce((total, { waiting }) => total + waiting, 0);
  return {
    state: worstState(views.map(({ state }) => state)),
    ...countsOf(count),
    ...countLedger(count, depth),
    processing: processing.distribution(),
    queueing: queueing.distribution(),
    share: { weight: share.weight, spentMs: share.spentMs },
    depth,
    waitingOffers: views.reduce((total, view) => total + view.waitingOffers, 0),
    keyless: keys.missing,
    breaker: breaker === undefined ? null : breakerMetrics(breaker),
  };
}

function breakerMetrics(breaker: Breaker): BreakerMetrics {
  const { state, opened, wouldBeOpen } = breaker;
  return { state, opened, wouldBeOpen, rates: breaker.rates() };
}

/** Counts what partitions counted together. */
export function countsIn(partitions: ChannelView['partitions']): (index: keyof Counters) => number {
  return (index) => partitions.reduce((sum, { counters }) => sum + counters[index], 0);
}

/** What `count` counts beside the ledger. Reasons that never occurred are left out. */
export function countsOf(count: (index: keyof Counters) => number) {
  type Name = keyof typeof Counter;
  const read = <Names extends Name>(...names: readonly Names[]) =>
    // Object.fromEntries widens the names.
    Object.fromEntries(names.map((name) => [name, count(Counter[name])])) as Record<Names, number>;
  const occurred = <Reason extends Name>(...reasons: readonly Reason[]): Partial<Record<Reason, number>> =>
    read(...reasons.filter((reason) => count(Counter[reason]) > 0));
  const later = count(Counter['invalid-later']);
  const totals = read('late', 'calls', 'failures', 'retries', 'restarts');
  const due = read('age', 'request', 'drain', 'probe');
  const size = totals.calls - totals.retries - due.age - due.request - due.drain - due.probe;
  return {
    ...totals,
    rejectedBy: occurred('invalid', 'mailbox-full', 'tripped', 'not-running'),
    deadLetteredBy: { ...occurred('failed', 'not-retryable', 'poison'), ...(later > 0 && { invalid: later }) },
    returnedBy: returnedBy(count),
    batches: { size, ...due },
  };
}

/** Why messages were handed back. */
export function returnedBy(count: (index: keyof Counters) => number): ChannelMetrics['returnedBy'] {
  const [returned, ended] = [count(Counter.returned), count(Counter['stay-ended'])];
  return { ...(returned > ended && { stopped: returned - ended }), ...(ended > 0 && { 'stay-ended': ended }) };
}
