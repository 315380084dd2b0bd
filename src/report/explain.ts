import { CLOSE_MS_MIN } from '../channel/life.ts';
import { probeInMs } from '../channel/waits.ts';
import { errorText } from '../core/error-text.ts';
import { causeInWords } from '../facts/cause-words.ts';
import type { Channel } from '../router/channel.ts';
import type { Member } from '../router/member.ts';
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

interface Ending {
  readonly by: string;
  readonly inMs: number | null;
}

function endingOf(member: Member): Ending {
  const { slot, state } = member;
  const now = slot.world.clock.now();
  const until = (at: number): number => Math.max(0, at - now);
  if (slot.isRetiring && state !== 'closing') return { by: 'the reload that puts another in its place', inMs: null };
  switch (state) {
    case 'new':
      return { by: 'the start of the router', inMs: null };
    case 'warming':
      return { by: 'warmUp, or its deadline', inMs: until(member.since + slot.config.warmUpTimeoutMs) };
    case 'idle':
      return { by: 'the next message', inMs: null };
    case 'buffering':
      return {
        by: 'a full batch, or the age of the oldest message',
        inMs: until(slot.oldestAcceptedAt + slot.config.timeoutMs),
      };
    case 'flushing':
      return { by: 'a pause in the traffic', inMs: null };
    case 'retrying':
      return { by: 'the next attempt', inMs: until(slot.retryAt) };
    case 'isolating':
      return { by: 'finding the poison messages', inMs: null };
    case 'tripped': {
      const inMs = probeInMs(slot);
      if (inMs === Number.POSITIVE_INFINITY) return { by: 'reset by hand: the breaker is held open', inMs: null };
      return { by: 'the first probe', inMs };
    }
    case 'probing':
      return { by: 'successful probes, or one that fails', inMs: null };
    case 'paused':
      return { by: 'resume by hand', inMs: null };
    case 'draining':
      return { by: 'the end of the drain', inMs: until(slot.drainBy) };
    case 'closing':
      return { by: 'close, or its deadline', inMs: until(Math.max(member.since + CLOSE_MS_MIN, slot.drainBy)) };
    case 'failed':
      if (member.isGivenUp) return { by: 'restart by hand: it was given up', inMs: null };
      return { by: 'its restart', inMs: until(member.restartAt) };
    default:
      return { by: 'nothing: it is over', inMs: null };
  }
}

/** Explains a channel; of several partitions the one that matters most. */
export function explain(channel: Channel): Explanation {
  const member = worstMember(channel);
  const { slot, state } = member;
  const { members } = channel;
  const now = slot.world.clock.now();
  const sinceMs = now - member.since;
  const { by: endsBy, inMs: endsInMs } = endingOf(member);
  const waiting = members.reduce((sum, each) => sum + each.slot.depth, 0);
  const inFlight = members.reduce((sum, each) => sum + each.slot.batch.length, 0);
  const name = members.length > 1 ? `${slot.id} (of ${members.length} partitions the worst)` : slot.id;
  const when = endsInMs === null ? '' : `, in ${duration(endsInMs)} at the latest`;
  const oldestAt = Math.min(...members.map((each) => each.slot.oldestAcceptedAt));
  const calls = members.flatMap((each) => (each.slot.batch.length > 0 ? [each.slot.startedAt] : []));
  const sentence =
    `${name} is ${state} for ${duration(sinceMs)} because ${reasonOf(member)}; ends with ${endsBy}${when}; ` +
    `${waiting} waiting${age('the oldest for', now - oldestAt)}, ` +
    `${inFlight} in flight${age('for', now - Math.min(...calls))}.`;
  const cause = causeInWords(member.cause);
  const error = errorOf(member);
  return { sentence, channel: channel.name, state, sinceMs, cause, error, endsBy, endsInMs, waiting, inFlight };
}

export function channelHealth(channel: Channel): ChannelHealth {
  const member = worstMember(channel);
  const sinceMs = member.slot.world.clock.now() - member.since;
  return { status: healthOf(member.state), state: member.state, sinceMs, reason: reasonOf(member) };
}

/** The cause of the present state, with what the sink or the channel said. */
function reasonOf(member: Member): string {
  const error = errorOf(member);
  const cause = causeInWords(member.cause) + (member.cause === 'breaker.opened' ? ratesOf(member) : '');
  return error === undefined ? cause : `${cause} (${errorText(error)})`;
}

/** The states in which what failed last is the reason to wait. */
const troubled = ['retrying', 'isolating', 'tripped', 'probing', 'draining'];

function errorOf({ error, slot, state }: Member): unknown {
  return error ?? (troubled.includes(state) ? slot.recovery.lastError : undefined);
}

function ratesOf({ slot }: Member): string {
  const { calls, failureRate, slowCallRate } = slot.breaker?.rates() ?? { failureRate: null, slowCallRate: null };
  if (failureRate === null || slowCallRate === null) return '';
  const slow = slowCallRate > 0 ? `, ${percent(slowCallRate)} were slow` : '';
  return `: of the last ${calls} calls ${percent(failureRate)} failed${slow}`;
}

function worstMember(channel: Channel): Member {
  const state = worstState(channel.members.map((member) => member.state));
  const member = channel.members.find((each) => each.state === state);
  // A channel has at least one partition, and the worst state is the state of one of them.
  return member as Member;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** How long something has lasted, once that is worth a word. */
function age(words: string, ms: number): string {
  return ms >= 1_000 ? ` (${words} ${duration(ms)})` : '';
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
