import { Counter } from '../core/counters.ts';
import { isConserved, type Ledger } from '../core/ledger.ts';
import type { Channel } from '../router/channel.ts';
import type { ChannelMetrics } from './metrics.ts';

/** What became of the messages of one channel. */
export interface ChannelReport extends Ledger {
  readonly state: string;
  /** Delivered after `stop` was called. */
  readonly drained: number;
  /** Accepted and never handed to `process`, or failed and not tried again: handed back, in order. */
  readonly returnedMessages: readonly unknown[];
  /** Handed to a `process` that had not settled by the deadline: delivered or not, nobody can tell. */
  readonly unknownMessages: readonly unknown[];
  /** Where the time since the start of `stop` went, by state, in ms; of several partitions, the longest. */
  readonly spentMs: Readonly<Record<string, number>>;
}

/** What `stop` resolves with: every message accounted for. */
export interface DrainReport {
  readonly elapsedMs: number;
  readonly deadlineMs: number;
  /** Every channel was drained and closed before the deadline. */
  readonly onTime: boolean;
  readonly conserved: boolean;
  readonly channels: Readonly<Record<string, ChannelReport>>;
}

/** Remembers how things stood when `stop` was called, to tell afterwards what happened since. */
export function beginReport(channels: Iterable<Channel>): () => Record<string, ChannelReport> {
  const before = [...channels].map((channel) => ({
    channel,
    delivered: channel.members.reduce((sum, { slot }) => sum + slot.counters[Counter.delivered], 0),
  }));
  for (const { channel } of before) for (const member of channel.members) member.resetSpent();
  return () => Object.fromEntries(before.map(({ channel, delivered }) => [channel.name, reportOf(channel, delivered)]));
}

function reportOf(channel: Channel, deliveredBefore: number): ChannelReport {
  const metrics = channel.metrics();
  const spentMs: Record<string, number> = {};
  for (const member of channel.members) {
    for (const [state, ms] of Object.entries(member.spentMs ?? {})) spentMs[state] = Math.max(spentMs[state] ?? 0, ms);
  }
  return {
    state: metrics.state,
    ...ledgerOf(metrics),
    drained: metrics.delivered - deliveredBefore,
    returnedMessages: channel.members.flatMap((member) => member.returned),
    unknownMessages: channel.members.flatMap((member) => member.unknown),
    spentMs,
  };
}

/** The counts of the conservation rule alone. */
export function ledgerOf(metrics: ChannelMetrics): Ledger {
  const { received, accepted, rejected, delivered, deadLettered } = metrics;
  const { dropped, conflated, returned, buffered, inFlight } = metrics;
  return { received, accepted, rejected, delivered, deadLettered, dropped, conflated, returned, buffered, inFlight };
}

/** Puts the reports of all channels together. */
export function drainReport(
  channels: Record<string, ChannelReport>,
  elapsedMs: number,
  deadlineMs: number,
): DrainReport {
  const all = Object.values(channels);
  const onTime = elapsedMs <= deadlineMs && all.every(({ unknownMessages }) => unknownMessages.length === 0);
  return { elapsedMs, deadlineMs, onTime, conserved: all.every(isConserved), channels };
}
