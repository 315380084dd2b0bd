import type { Counters } from '../core/counters.ts';
import { isFrom, type Origin } from '../core/origin.ts';
import { depthOf, oldestAcceptedAt, originsIn, probeAt } from './lane.ts';
import type { LaneOwner } from './lane-owner.ts';
import type { MessageKeys } from './message-keys.ts';
import type { Partition } from './partition.ts';
import type { Stay } from './state-log.ts';

/** What reports read of one partition: a plain reading of one moment. All times are in ms on the router's clock. */
export interface PartitionView extends Stay {
  /** The channel's name, with `/n` if it has several partitions. */
  readonly id: string;
  /** Messages that wait, those that failed and come again among them, and messages `process` has now. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Messages of `offer` and of streams that wait for room in the mailbox. */
  readonly waitingOffers: number;
  /** When the oldest waiting message was accepted; Infinity: none waits. */
  readonly oldestAcceptedAt: number;
  /** When the call that is out began; undefined: none is. */
  readonly callStartedAt: number | undefined;
  /** When that call is given up, because its signal has aborted; undefined: it has not. */
  readonly callGivenUpAt: number | undefined;
  /** Since when a batch waits for its turn; undefined: none does. */
  readonly queuedAt: number | undefined;
  /** When the next attempt is due, the sink may be probed, the drain ends, and a failed partition is started again. */
  readonly retryAt: number;
  readonly probeAt: number;
  readonly drainAt: number;
  readonly restartAt: number;
  /** It failed too often and is not started again. */
  readonly isGivenUp: boolean;
  /** A reload is about to put another in its place. */
  readonly isReplaced: boolean;
  /** What the last attempt at the oldest waiting message said. */
  readonly lastError: unknown;
  /** Time spent by state, in ms, since the drain began. */
  readonly spentMs: Readonly<Record<string, number>>;
  readonly counters: Readonly<Counters>;
}

/** A reading of this moment. Without spreads, which take microseconds. */
export function viewOf(partition: Partition): PartitionView {
  const { delivery, drainAt, inFlight, isReplaced, lane, log, restarts } = partition;
  const { counters, id, inbox, recovery } = lane;
  const { cause, error, since, state } = log;
  return {
    state,
    since,
    cause,
    error,
    id,
    counters,
    waiting: depthOf(lane),
    waitingOffers: inbox.offers.waiting,
    oldestAcceptedAt: oldestAcceptedAt(lane),
    inFlight,
    callStartedAt: delivery !== undefined && inFlight > 0 ? lane.times.startedAt : undefined,
    callGivenUpAt: delivery?.watchdog.givesUpAt,
    queuedAt: delivery?.turn.queuedAt,
    retryAt: recovery.retryAt,
    probeAt: probeAt(lane),
    drainAt,
    restartAt: restarts?.at ?? 0,
    isGivenUp: restarts?.isGivenUp === true,
    isReplaced,
    lastError: recovery.lastError,
    spentMs: log.spentMs,
  };
}

/** How long its oldest message, its call and a batch that is due have waited at `now`: the longest of them, in ms. */
export function longestWaitMs({ delivery, inFlight, lane }: Partition, now: number): number {
  const callStartedAt = inFlight > 0 ? lane.times.startedAt : now;
  return now - Math.min(oldestAcceptedAt(lane), callStartedAt, delivery?.turn.queuedAt ?? now);
}

/** A message of this origin waits in the partition, also for room, or is in flight. */
export function holdsOrigin({ delivery, lane: { inbox, recovery } }: Partition, origin: Origin): boolean {
  const called = delivery?.call?.details.origins;
  const all = [called, originsIn(inbox), ...recovery.all.map(({ origins }) => origins)];
  return all.some((origins) => origins?.some((each) => isFrom(each, origin)));
}

/** What reports read of one channel. */
export interface ChannelView
  extends Pick<LaneOwner, 'name' | 'config' | 'breaker' | 'processing' | 'queueing' | 'share'> {
  /** Reports only read them. `viewOf` one takes microseconds, the rest is read at once. */
  readonly partitions: readonly Partition[];
  readonly keys: Pick<MessageKeys, 'missing' | 'missingAt'>;
  /** Messages that the first partition counts and that a channel before a reload took in. */
  readonly inherited: number;
}
