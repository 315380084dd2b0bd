import type { ChannelView, PartitionView } from '../channel/partition-view.ts';
import type { BreakerRates } from '../core/breaker-change.ts';
import { errorText } from '../core/error-text.ts';
import { causeInWords } from '../facts/cause-words.ts';
import { duration } from './duration.ts';
import { endingOf } from './endings.ts';
import { type ChannelHealth, healthOf, worstState } from './health.ts';

/** Why a channel is or is not delivering. */
export interface Explanation {
  /** All of it in one sentence. */
  readonly sentence: string;
  readonly channel: string;
  readonly state: string;
  readonly sinceMs: number;
  /** What led into the state. */
  readonly cause: string;
  readonly error: unknown;
  /** What ends the state, and in how many ms if a timer does; null: no timer. */
  readonly endsBy: string;
  readonly endsInMs: number | null;
  /** Messages that wait, and that `process` has now. */
  readonly waiting: number;
  readonly inFlight: number;
}

/** Explains a channel at `now`; of several partitions the one that matters most. */
export function explain(channel: ChannelView, now: number): Explanation {
  const views = channel.partitions.map(({ view }) => view);
  const view = worstOf(views);
  const { id, since, state } = view;
  const sinceMs = now - since;
  const ending = endingOf(view, channel.config, now);
  const waiting = views.reduce((sum, each) => sum + each.waiting, 0);
  const inFlight = views.reduce((sum, each) => sum + each.inFlight, 0);
  const name = views.length > 1 ? `${id} (worst of ${views.length} partitions)` : id;
  const oldestAt = Math.min(...views.map(({ oldestAcceptedAt }) => oldestAcceptedAt));
  const calledAt = Math.min(...views.map(({ callStartedAt = now }) => callStartedAt));
  const sentence =
    `${name} ${verb(state)} for ${duration(sinceMs)} (${reasonOf(view, channel)}). ${ending.sentence} ` +
    `${waiting} waiting${age('the oldest for', now - oldestAt)}, ${inFlight} in flight${age('for', now - calledAt)}.`;
  return {
    sentence,
    channel: channel.name,
    state,
    sinceMs,
    cause: causeInWords(view.cause),
    error: errorOf(view),
    endsBy: ending.by,
    endsInMs: ending.inMs,
    waiting,
    inFlight,
  };
}

/** The health of a channel at `now`. */
export function channelHealth(channel: ChannelView, now: number): ChannelHealth {
  const view = worstOf(channel.partitions.map((partition) => partition.view));
  const { since, state } = view;
  return { status: healthOf(state), state, sinceMs: now - since, reason: reasonOf(view, channel) };
}

/** The cause of the present state, with what the sink or the channel said. */
function reasonOf(view: PartitionView, { breaker }: ChannelView): string {
  const error = errorOf(view);
  const rates = view.cause === 'breaker.opened' && breaker !== undefined ? ratesInWords(breaker.rates()) : '';
  const cause = causeInWords(view.cause) + rates;
  return error === undefined ? cause : `${cause}: ${errorText(error)}`;
}

/** The states in which what failed last is the reason to wait. */
const troubled = ['retrying', 'isolating', 'tripped', 'probing', 'draining'];

function errorOf({ error, lastError, state }: PartitionView): unknown {
  return error ?? (troubled.includes(state) ? lastError : undefined);
}

function ratesInWords({ calls, failureRate, slowCallRate }: BreakerRates): string {
  if (failureRate === null || slowCallRate === null) return '';
  const slow = slowCallRate > 0 ? `, ${percent(slowCallRate)} were slow` : '';
  return `: of the last ${calls} calls ${percent(failureRate)} failed${slow}`;
}

function worstOf(views: readonly PartitionView[]): PartitionView {
  const worst = worstState(views.map(({ state }) => state));
  // A channel has at least one partition, and the worst state is the state of one of them.
  return views.find(({ state }) => state === worst) as PartitionView;
}

/** A state of that name is one that a channel is in, or one that it has reached. */
function verb(state: string): string {
  return state === 'new' ? 'has been waiting' : `has been ${state}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** How long something has lasted, once that is worth mentioning. */
function age(words: string, ms: number): string {
  return ms >= 1_000 ? ` (${words} ${duration(ms)})` : '';
}
