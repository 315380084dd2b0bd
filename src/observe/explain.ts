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

/** The events of the statechart in words. */
const causes: Readonly<Record<string, string>> = {
  'xstate.init': 'it was started',
  'message.waiting': 'a message came',
  'batch.full': 'a batch was full',
  'batch.flush': 'a flush was asked for',
  'batch.failed': 'a batch failed',
  'isolation.finished': 'the poison messages were found',
  'delivery.quieted': 'nothing was due any more',
  'breaker.opened': 'the breaker opened',
  'breaker.closed': 'the breaker closed',
  'call.hung': 'a call of process did not settle',
  'channel.pause': 'an operator paused it',
  'channel.resume': 'an operator resumed it',
  'channel.restart': 'an operator restarted it',
  'channel.drain': 'it was told to drain',
  'channel.halt': 'the host ended the router',
  constructor: 'its constructor threw',
  crash: 'its statechart crashed',
};
const causesByPart: readonly (readonly [string, string])[] = [
  ['done.actor.warmUp', 'it is warm'],
  ['error.actor.warmUp', 'warmUp failed'],
  ['done.actor.close', 'it is closed'],
  ['error.actor.close', 'close failed'],
  ['after.warmUpTimeout', 'warmUp took too long'],
  ['after.batchAge', 'the oldest message was due'],
  ['after.retryDelay', 'the backoff was over'],
  ['after.coolDown', 'the cool-down was over'],
  ['after.drainDeadline', 'the deadline of the drain passed'],
  ['after.closeDeadline', 'close took too long'],
];

/** A cause as the statechart knows it, in words. */
export function causeInWords(cause: string): string {
  return causes[cause] ?? causesByPart.find(([part]) => cause.includes(part))?.[1] ?? cause;
}

interface Ending {
  readonly by: string;
  readonly inMs: number | null;
}

function endingOf(member: Member): Ending {
  const { slot, state } = member;
  const now = slot.world.clock.now();
  const until = (at: number): number => Math.max(0, at - now);
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
    case 'tripped':
      return { by: 'the first probe', inMs: slot.breaker?.coolDownLeftMs() ?? 0 };
    case 'probing':
      return { by: 'successful probes, or one that fails', inMs: null };
    case 'paused':
      return { by: 'resume', inMs: null };
    case 'draining':
    case 'closing':
      return { by: 'the end of the drain', inMs: until(slot.drainBy) };
    case 'failed':
      if (member.isGivenUp) return { by: 'restart by hand: it was given up', inMs: null };
      return { by: 'its restart', inMs: until(member.restartAt) };
    default:
      return { by: 'nothing', inMs: null };
  }
}

/** Explains a channel; of several partitions the one that matters most. */
export function explain(channel: Channel): Explanation {
  const member = worstMember(channel);
  const { slot, state, error } = member;
  const sinceMs = slot.world.clock.now() - member.since;
  const cause = causeInWords(member.cause);
  const { by: endsBy, inMs: endsInMs } = endingOf(member);
  const waiting = channel.members.reduce((sum, each) => sum + each.slot.depth, 0);
  const inFlight = channel.members.reduce((sum, each) => sum + each.slot.batch.length, 0);
  const why = error === undefined ? cause : `${cause} (${textOf(error)})`;
  const when = endsInMs === null ? '' : `, in ${seconds(endsInMs)} at the latest`;
  const sentence =
    `${slot.id} is ${state} for ${seconds(sinceMs)} because ${why}; ends with ${endsBy}${when}; ` +
    `${waiting} waiting, ${inFlight} in flight.`;
  return { sentence, channel: channel.name, state, sinceMs, cause, error, endsBy, endsInMs, waiting, inFlight };
}

export function channelHealth(channel: Channel): ChannelHealth {
  const member = worstMember(channel);
  const sinceMs = member.slot.world.clock.now() - member.since;
  const reason = causeInWords(member.cause) + (member.error === undefined ? '' : ` (${textOf(member.error)})`);
  return { status: healthOf(member.state), state: member.state, sinceMs, reason };
}

function worstMember(channel: Channel): Member {
  const state = worstState(channel.members.map((member) => member.state));
  const member = channel.members.find((each) => each.state === state);
  // A channel has at least one partition, and the worst state is the state of one of them.
  return member as Member;
}

/** What an error says, in one line, whatever was thrown. */
export function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error that cannot be read';
  }
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
