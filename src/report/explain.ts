import { CLOSE_MS_MIN } from '../channel/life.ts';
import { type ChannelView, type PartitionView, viewOf } from '../channel/partition-view.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { BreakerRates } from '../core/breaker-change.ts';
import { errorText } from '../core/error-text.ts';
import { causeInWords } from '../facts/chart-words.ts';
import { duration } from './duration.ts';
import { onePartition, percent } from './findings.ts';
import { worstState } from './health.ts';

/** Why a channel is or is not delivering. */
export interface Explanation {
  /** All of it, in plain English. */
  readonly sentence: string;
  /** The channel that is explained, or the source. */
  readonly channel: string;
  readonly state: string;
  readonly sinceMs: number;
  /** What led into the state. */
  readonly cause: string;
  readonly error: unknown;
  /** What ends the state, and in how many ms if a timer does; null: no timer. */
  readonly endsBy: string;
  readonly endsInMs: number | null;
  /** Messages that wait, and that `process` has now; of a source, frames before the channels and in them. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Other channels that get the same messages. */
  readonly sharesWith: readonly string[];
}

export type Channels = ReadonlyMap<string, ChannelView>;

/** Explains a channel at `now`; of several partitions, the worst. Streams wait for room in the channels `waitedFor`. */
export function explain(
  channel: ChannelView,
  now: number,
  channels: Channels,
  waitedFor: readonly string[],
): Explanation {
  const ofItsType = [...channels.values()].filter(({ config }) => config.dataType === channel.config.dataType);
  const sharers = ofItsType.filter(({ name }) => name !== channel.name);
  const views = channel.partitions.map(viewOf);
  const view = worstOf(views);
  const { id, since, state } = view;
  const sinceMs = now - since;
  const others = waitedFor.filter((name) => name !== channel.name);
  const { by: endsBy, inMs: endsInMs, sentence: ending } = endingOf(view, channel.config, now, others);
  const waiting = views.reduce((sum, each) => sum + each.waiting, 0);
  const offers = views.reduce((sum, each) => sum + each.waitingOffers, 0);
  const inFlight = views.reduce((sum, each) => sum + each.inFlight, 0);
  const lone = onePartition(channel, views);
  const name = views.length > 1 ? `${id} (worst of ${views.length} partitions)` : id;
  const oldestAt = Math.min(...views.map(({ oldestAcceptedAt }) => oldestAcceptedAt));
  const calledAt = Math.min(...views.map(({ callStartedAt = now }) => callStartedAt));
  const lasted = duration(sinceMs);
  const stay = state === 'failed' ? `failed ${lasted} ago` : `has been ${doing[state] ?? state} for ${lasted}`;
  const sentence =
    `${name} ${stay} (${reasonOf(view, channel)}). ${ending} ` +
    `${waiting} waiting${age('the oldest for', now - oldestAt)}, ${inFlight} in flight${age('for', now - calledAt)}.` +
    sharingInWords(channel, sharers) +
    (offers === 0 ? '' : ` ${offers} more ${offers === 1 ? 'waits' : 'wait'} for room in the mailbox.`) +
    batchInWords(view, channel.config, now) +
    turnsInWords(views, channel, channels) +
    (lone === undefined ? '' : ` Note that ${lone}.`);
  return {
    sentence,
    ...{ channel: channel.name, state, sinceMs, cause: causeOf(view), error: errorOf(view) },
    ...{ endsBy, endsInMs, waiting, inFlight, sharesWith: sharers.map(({ name }) => name) },
  };
}

/** In the midst of traffic messages wait as in `buffering`. */
function batchInWords(view: PartitionView, { batchSize, timeoutMs }: ChannelConfig, now: number): string {
  const inMs = view.oldestAcceptedAt + timeoutMs - now;
  const isFilling = view.state === 'flushing' && view.inFlight === 0 && view.waiting > 0 && view.waiting < batchSize;
  return isFilling && inMs > 0
    ? ` The next batch goes out as soon as it is full, or in ${duration(inMs)} at the latest.`
    : '';
}

/** A batch that is due waits for its turn: others have theirs, by weight. */
function turnsInWords(views: readonly PartitionView[], { config, share }: ChannelView, channels: Channels): string {
  const { spentMs, weight } = share;
  const isInTurn = views.some(({ queuedAt, waiting }) => queuedAt !== undefined && waiting > 0);
  if (config.priority === 1 || !isInTurn) return '';
  const allMs = [...channels.values()].reduce((sum, each) => sum + each.share.spentMs, 0);
  const part = spentMs > 0 ? `, ${percent(spentMs / allMs)} of the time of all turns` : '';
  return ` A batch waits for its turn; with weight ${Number(weight.toPrecision(3))} its turns have taken ${duration(spentMs)}${part}.`;
}

/** The cause of the present state, with what the sink or the channel said. */
export function reasonOf(view: PartitionView, { breaker }: ChannelView): string {
  const { cause } = view;
  const rates = cause === 'breaker.opened' && breaker !== undefined ? ratesInWords(breaker.rates()) : '';
  const words = causeOf(view) + rates;
  const error = errorOf(view);
  if (error === undefined) return words;
  // What failed last led into the state only if a failed batch did.
  const isCause = view.error !== undefined || cause === 'batch.failed';
  return `${words}${isCause ? ':' : '; last error:'} ${errorText(error)}`;
}

function causeOf({ cause, isReplaced, state }: PartitionView): string {
  return isReplaced && cause === 'channel.pause' ? 'a reload is replacing it' : causeInWords(cause, state);
}

/** What led into the state, or what failed last where that is the reason to wait. */
function errorOf({ error, lastError, state }: PartitionView): unknown {
  const isTroubled = ['retrying', 'isolating', 'tripped', 'probing', 'draining'].includes(state);
  return error ?? (isTroubled ? lastError : undefined);
}

function ratesInWords({ calls, failureRate, slowCallRate }: BreakerRates): string {
  const shares = [
    ...(failureRate ? [`${percent(failureRate)} failed`] : []),
    ...(slowCallRate ? [`${percent(slowCallRate)} were slow`] : []),
  ];
  return shares.length === 0 ? '' : `: of the last ${calls} calls ${shares.join(' and ')}`;
}

/** The partition in the worst state. */
export function worstOf(views: readonly PartitionView[]): PartitionView {
  const worst = worstState(views.map(({ state }) => state));
  // A channel has at least one partition, and the worst state is the state of one of them.
  return views.find(({ state }) => state === worst) as PartitionView;
}

/** The states whose names alone make no English sentence. */
const doing: Readonly<Record<string, string>> = {
  new: 'waiting to start',
  warming: 'warming up',
  isolating: 'isolating poison messages',
  probing: 'probing the sink',
};

/** What ends a state: in a few words, as a sentence, and when if a timer does. `%` stands for the time until then. */
type Ending = readonly [by: string, sentence: string, at?: (view: PartitionView, config: ChannelConfig) => number];

const NEVER: Ending = ['nothing', 'It does not start again.'];
const ENDINGS: Readonly<Record<string, Ending>> = {
  new: ['the start of the router', 'It starts with the router.'],
  warming: [
    'warmUp',
    'It fails unless warmUp is done within %.',
    ({ since }, config) => since + config.warmUpTimeoutMs,
  ],
  idle: ['the next message', 'It waits for the next message.'],
  buffering: [
    'a full batch or its age',
    'The batch goes out as soon as it is full, or in % at the latest.',
    ({ oldestAcceptedAt }, config) => oldestAcceptedAt + config.timeoutMs,
  ],
  flushing: ['a pause in traffic', 'It goes idle when traffic pauses.'],
  retrying: ['the next attempt', 'The next attempt is in %.', ({ retryAt }) => retryAt],
  isolating: ['finding the poison messages', 'Normal delivery resumes once they are found.'],
  tripped: ['the next probe', 'The next probe is in %.', ({ probeAt }) => probeAt],
  probing: ['its probes', 'The breaker closes after enough successful probes; one failed probe opens it again.'],
  paused: ['resume by hand', 'It stays paused until an operator resumes it.'],
  draining: ['the end of the drain', 'The drain ends within %.', ({ drainAt }) => drainAt],
  closing: [
    'close',
    'It stops once close is done, within %.',
    ({ since, drainAt }) => Math.max(since + CLOSE_MS_MIN, drainAt),
  ],
  stopped: NEVER,
  failed: ['its restart', 'It restarts in %.', ({ restartAt }) => restartAt],
};

export const CHANNEL_STATES: readonly string[] = Object.keys(ENDINGS);
const REPLACED: Ending = ['a reload', 'Its replacement takes over once the batch in flight is done.'];
const HELD_OPEN: Ending = ['reset by hand', 'The breaker stays open until an operator resets it.'];
const GIVEN_UP: Ending = ['restart by hand', 'It failed too often and is not restarted; an operator can restart it.'];
const OVERDUE: Ending = [
  'the call of process',
  'Nothing is delivered while the call of process, which is overdue, does not settle; it is given up in %.',
  ({ callGivenUpAt = 0 }) => callGivenUpAt,
];

/** What ends the present state of a partition, as of `now`; `inMs` is null where no timer does. */
function endingOf(view: PartitionView, config: ChannelConfig, now: number, waitedFor: readonly string[]) {
  const isHeldUp = view.state === 'idle' && waitedFor.length > 0;
  const [by, sentence, at] = isHeldUp ? heldUp(waitedFor.join(' and ')) : endingFor(view);
  const inMs = at === undefined ? null : Math.max(0, at(view, config) - now);
  return { by, inMs, sentence: inMs === null ? sentence : sentence.replace('%', duration(inMs)) };
}

/** It has nothing to do, and perhaps only because its messages are behind one that waits. */
function heldUp(names: string): Ending {
  const sentence = `A stream into the router waits for room in ${names}: messages of this channel behind it come after.`;
  return [`room in ${names}`, sentence];
}

function endingFor({ callGivenUpAt, isGivenUp, isReplaced, probeAt, state }: PartitionView): Ending {
  // The signal of its call has aborted, and its state waits for the outcome.
  const isWaiting = ['flushing', 'isolating', 'probing'].includes(state);
  if (callGivenUpAt !== undefined && !isReplaced && isWaiting) return OVERDUE;
  if (isReplaced && state !== 'closing') return REPLACED;
  if (state === 'tripped' && probeAt === Number.POSITIVE_INFINITY) return HELD_OPEN;
  if (state === 'failed' && isGivenUp) return GIVEN_UP;
  return ENDINGS[state] ?? NEVER;
}

/** How long something has lasted, once that is worth mentioning. */
function age(words: string, ms: number): string {
  return ms >= 1_000 ? ` (${words} ${duration(ms)})` : '';
}

/** That a channel shares its messages with others, and which of these keep them out now; empty: it has its own. */
function sharingInWords({ config }: ChannelView, others: readonly ChannelView[]): string {
  if (others.length === 0) return '';
  const names = others.map(({ name }) => name).join(', ');
  const shared = ` It shares the data type ${config.dataType} with ${names}: all of them take a message in, or none.`;
  const full = others.filter(isFull).map(({ name }) => name);
  return full.length === 0 ? shared : `${shared} Messages have to wait for room in ${full.join(', ')}, or are refused.`;
}

function isFull({ config, partitions }: ChannelView): boolean {
  const isHolding = config.overflow === 'reject' || config.overflow === 'conflate';
  return isHolding && partitions.some(({ fullness }) => fullness >= 1);
}
