import { type ChannelView, longestWaitMs, type PartitionView, viewOf } from '../channel/partition-view.ts';
import { Counter } from '../core/counters.ts';
import { between, type Findings, found } from './raised-alerts.ts';

const MAILBOX_HIGH = 0.8;
const MAILBOX_LOW = 0.6;
const ERROR_RATE_HIGH = 0.5;
const ERROR_RATE_LOW = 0.25;
const ERROR_CALLS_MIN = 5;
/** The oldest message may wait this many times `timeoutMs`, and 5 s at least. */
const AGE_FACTOR = 10;
const AGE_MS_MIN = 5_000;
/** An alert about missing keys ends when none was missing for so long, in ms. */
const KEYS_MS = 60_000;
/** So many messages in a single one of several partitions are no coincidence. */
const ONE_PARTITION_MIN = 100;

/** What a channel looked like the last time. */
export interface Sight {
  readonly received: number;
  readonly calls: number;
  readonly failures: number;
  /** When something last came from its feed, on the clock. */
  readonly heardAt: number;
}

/** One look at a channel, on the clock. */
interface Look {
  readonly now: number;
  readonly sight: Sight;
  /** Error rates are taken since then; undefined: there is none to compare with. */
  readonly before: Sight | undefined;
  /** A turn may be waited for so long. */
  readonly starvationMs: number;
}

/** In these states something may be wrong without anything that waits. */
const TROUBLED: ReadonlySet<string> = new Set(['tripped', 'probing', 'failed']);

/** Looks at a channel at `now`, after having looked `before`. It reads only counters, so no view has to be made. */
export function sightOf({ partitions }: ChannelView, before: Sight | undefined, now: number): Sight {
  let received = 0;
  let calls = 0;
  let failures = 0;
  for (const { counters } of partitions) {
    received += counters[Counter.accepted] + counters[Counter.rejected];
    calls += counters[Counter.calls];
    failures += counters[Counter.failures];
  }
  const heardAt = before === undefined || before.received !== received ? now : before.heardAt;
  return { received, calls, failures, heardAt };
}

/** Something waits in the channel, it is not idle, or its feed may not fall silent. */
export function isExpectedToMove({ config, partitions }: ChannelView): boolean {
  if (config.silenceMs > 0) return true;
  return partitions.some(({ depth, inFlight, state }) => state !== 'idle' || depth + inFlight > 0);
}

/** `findingsOf` would find nothing: of ten thousand channels most looks end here, without a view. False: it might. */
export function isAtEase({ config, keys, partitions }: ChannelView, look: Look): boolean {
  const { sight, before, now, starvationMs } = look;
  const partition = partitions[0];
  if (partition === undefined || partitions.length > 1 || TROUBLED.has(partition.state)) return false;
  if (config.silenceMs > 0 || now - keys.missingAt < KEYS_MS) return false;
  if (before !== undefined && before.failures !== sight.failures) return false;
  const waitMs = Math.min(AGE_MS_MIN / 2, config.processTimeoutMs, starvationMs);
  return partition.fullness < MAILBOX_LOW && longestWaitMs(partition, now) < waitMs;
}

/** Nothing failed since `before` in its only partition, and no key was missing lately. */
export function isAtRest({ keys, partitions }: ChannelView, before: Sight | undefined, now: number): boolean {
  const failures = partitions.length === 1 ? partitions[0]?.counters[Counter.failures] : undefined;
  return failures === before?.failures && now - keys.missingAt >= KEYS_MS;
}

/** What is wrong with a channel. */
export function findingsOf(channel: ChannelView, { sight, before, now, starvationMs }: Look): Findings {
  const { config, keys } = channel;
  // Making a view costs microseconds, so one serves a whole look.
  const views = channel.partitions.map(viewOf);
  const worst = (of: (view: PartitionView) => number): number =>
    views.reduce((most, view) => Math.max(most, of(view)), Number.NEGATIVE_INFINITY);
  const isOpen = views.some(({ state }) => state === 'tripped' || state === 'probing');
  const full = channel.partitions.reduce((most, { fullness }) => Math.max(most, fullness), 0);
  // An open breaker says it all, and few calls are made.
  const rate = isOpen ? 0 : errorRate(sight, before);
  const age = worst(({ oldestAcceptedAt, waiting }) => (waiting === 0 ? 0 : now - oldestAcceptedAt));
  const ageMax = Math.max(AGE_MS_MIN, AGE_FACTOR * config.timeoutMs);
  const callMs = worst(({ callStartedAt = now }) => now - callStartedAt);
  const turnMs = worst(({ queuedAt = now }) => now - queuedAt);
  const silence = now - sight.heardAt;
  const crowd = onePartition(channel, views);
  return {
    'breaker-open': isOpen && found(`the breaker is open: ${views.map(({ state }) => state).join(', ')}`),
    'given-up':
      views.some(({ isGivenUp }) => isGivenUp) && found('the channel failed too often and is not started again'),
    hung: callMs >= config.processTimeoutMs && found(`a call of process has not settled for ${Math.round(callMs)} ms`),
    'mailbox-high': between(full, MAILBOX_HIGH, MAILBOX_LOW, (share) => `the mailbox is ${percent(share)} full`),
    'error-rate': between(rate, ERROR_RATE_HIGH, ERROR_RATE_LOW, (share) => `${percent(share)} of the calls fail`),
    'oldest-message': between(age, ageMax, ageMax / 2, (ms) => `the oldest message has waited ${Math.round(ms)} ms`),
    starvation: turnMs > starvationMs && found(`a batch has been due for ${Math.round(turnMs)} ms`),
    'feed-silent':
      config.silenceMs > 0 && silence >= config.silenceMs && found(`no message arrived for ${Math.round(silence)} ms`),
    'key-missing':
      now - keys.missingAt < KEYS_MS &&
      found('messages come without the key that their partition or conflate depends on'),
    'one-partition': crowd !== undefined && found(crowd),
  };
}

/** In words: all messages of a channel with several partitions fall into one of them; undefined: they do not. */
export function onePartition({ config, inherited }: ChannelView, views: readonly PartitionView[]): string | undefined {
  const { partitionBy } = config;
  if (views.length === 1 || partitionBy === 'round-robin' || partitionBy === 'least-loaded') return undefined;
  const accepted = views.map(({ counters }, index) => counters[Counter.accepted] - (index === 0 ? inherited : 0));
  const total = accepted.reduce((sum, count) => sum + count, 0);
  const at = accepted.indexOf(total);
  if (total < ONE_PARTITION_MIN || at === -1) return undefined;
  return `all ${total} messages fell into partition ${at} of ${views.length}: partitionBy finds one key for them`;
}

/** Too few calls raise no alarm; but a second without a failure ends one, however quiet it was. */
function errorRate(sight: Sight, before: Sight | undefined): number | undefined {
  if (before === undefined) return undefined;
  const calls = sight.calls - before.calls;
  const failures = sight.failures - before.failures;
  if (calls >= ERROR_CALLS_MIN) return failures / calls;
  return failures === 0 ? 0 : undefined;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
