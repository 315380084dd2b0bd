import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { ChannelView } from '../channel/partition-view.ts';
import { Counter } from '../core/counters.ts';
import { countLedger, isConserved, type Ledger } from '../core/ledger.ts';
import type { FeedReport } from '../core/supervised-feed.ts';
import type { DeadLetter } from '../facts/dead-letters.ts';
import type { HeldFrames, SourceView } from '../source/source-view.ts';
import { worstState } from './health.ts';
import { countsIn, returnedBy } from './metrics.ts';
import { isSourceConserved, type SourceMetrics, sourceMetrics } from './source-metrics.ts';

/** What became of the messages of one channel. */
export interface ChannelReport extends Ledger {
  readonly state: string;
  /** Delivered after `stop` was called. */
  readonly drained: number;
  /** Accepted and never handed to `process`, or failed and not tried again: handed back, in order. */
  readonly returnedMessages: readonly unknown[];
  /** Handed to a `process` that had not settled by the deadline: whether they were delivered is not known. */
  readonly unsettledMessages: readonly unknown[];
  /** How many of both went back to the source or the caller of `deliver` that brought them; they are not in these lists. */
  readonly backAtOrigin: { readonly returned: number; readonly unsettled: number };
  /** Where the time since the start of `stop` went, by state, in ms; of several partitions, the longest. */
  readonly spentMs: Readonly<Record<string, number>>;
  readonly returnedBy: ChannelMetrics['returnedBy'];
}

/** What became of the frames of one source. */
export interface SourceReport extends SourceMetrics {
  /** Read and not committed when the source was closed: it brings them again. */
  readonly heldFrames: readonly HeldFrames[];
}

/** What `stop` resolves with: every message accounted for. */
export interface DrainReport {
  readonly elapsedMs: number;
  readonly deadlineMs: number;
  /** Before the deadline every channel had closed, and nothing was left: neither returned nor unsettled, nor a letter unstored. */
  readonly onTime: boolean;
  readonly conserved: boolean;
  readonly channels: Readonly<Record<string, ChannelReport>>;
  readonly sources: Readonly<Record<string, SourceReport>>;
  /** With the messages that each feed had read and nobody had room for. */
  readonly feeds: Readonly<Record<string, FeedReport>>;
  /** Messages that were given up and that the store of dead letters did not take in time; nobody brings them again. */
  readonly unstoredLetters: readonly DeadLetter[];
}

/** Remembers how things stood when `stop` was called; returns what makes the reports of what happened since. */
export function beginReport(channels: readonly ChannelView[]): () => Record<string, ChannelReport> {
  const before = channels.map((channel) => ({ channel, delivered: countsIn(channel.partitions)(Counter.delivered) }));
  for (const { partitions } of channels) for (const partition of partitions) partition.log.countTimes();
  return () => Object.fromEntries(before.map(({ channel, delivered }) => [channel.name, reportOf(channel, delivered)]));
}

function reportOf(channel: ChannelView, deliveredBefore: number): ChannelReport {
  const { partitions } = channel;
  // Not all that is measured of a channel: to sum up its histograms takes the most time and memory of a stop.
  const count = countsIn(partitions);
  const waiting = partitions.reduce((sum, { depth }) => sum + depth, 0);
  const ledger = countLedger(count, waiting);
  const returnedMessages = partitions.flatMap(({ returns }) => returns.returnedMessages);
  const unsettledMessages = partitions.flatMap(({ returns }) => returns.unsettledMessages);
  const unsettled = partitions.reduce((sum, { returns }) => sum + returns.unsettledCount, -unsettledMessages.length);
  const spentMs: Record<string, number> = {};
  for (const [state, ms] of partitions.flatMap(({ log }) => Object.entries(log.spentMs)))
    spentMs[state] = Math.max(spentMs[state] ?? 0, Math.round(ms * 1_000) / 1_000);
  return {
    state: worstState(partitions.map(({ state }) => state)),
    ...ledger,
    drained: ledger.delivered - deliveredBefore,
    returnedBy: returnedBy(count),
    returnedMessages,
    unsettledMessages,
    backAtOrigin: { returned: ledger.returned - returnedMessages.length, unsettled },
    spentMs,
  };
}

/** Puts the reports of all channels, sources and feeds together. */
export function drainReport(
  channels: Record<string, ChannelReport>,
  views: readonly SourceView[],
  feeds: Readonly<Record<string, FeedReport>>,
  end: Pick<DrainReport, 'deadlineMs' | 'unstoredLetters'> & { readonly startedAt: number; readonly now: number },
): DrainReport {
  const { startedAt, now, deadlineMs, unstoredLetters } = end;
  const elapsedMs = now - startedAt;
  const all = Object.values(channels);
  const sources = Object.fromEntries(
    views.map((view) => [view.name, { ...sourceMetrics(view, now), heldFrames: view.heldAtEnd }]),
  );
  const isDrained = ({ returnedBy, inFlight }: ChannelReport): boolean => (returnedBy.stopped ?? 0) + inFlight === 0;
  const onTime = elapsedMs <= deadlineMs && all.every(isDrained) && unstoredLetters.length === 0;
  const conserved =
    all.every(isAccountedFor) &&
    Object.values(sources).every(isSourceConserved) &&
    Object.values(feeds).every(({ view }) => view.metrics.conserved);
  return { elapsedMs, deadlineMs, onTime, conserved, channels, sources, feeds, unstoredLetters };
}

/** Every message is somewhere, and those that are not done with are in the hands of whoever stopped the router or brought them. */
function isAccountedFor(report: ChannelReport): boolean {
  const { backAtOrigin, buffered, inFlight, returned, returnedMessages, unsettledMessages } = report;
  const isInHands =
    returned === returnedMessages.length + backAtOrigin.returned &&
    inFlight === unsettledMessages.length + backAtOrigin.unsettled;
  return isConserved(report) && buffered === 0 && isInHands;
}
