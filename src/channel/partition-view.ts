import type { Counters } from '../core/counters.ts';
import type { Origin } from '../core/origin.ts';
import type { RestartLimit } from '../core/restart-limit.ts';
import type { Delivery } from './delivery.ts';
import { depthOf, type Lane, oldestAcceptedAt, probeAt } from './lane.ts';
import type { LaneOwner } from './lane-owner.ts';
import type { MissingKeys } from './message-keys.ts';
import type { StateLog, Stay } from './state-log.ts';

/** What reports read of one partition: a plain reading of one moment. All times are in ms on the router's clock. */
export interface PartitionView extends Stay {
  /** The channel's name, with `/n` if it has several partitions. */
  readonly id: string;
  /** Messages that wait, those that failed and come again among them, and messages `process` has now. */
  readonly waiting: number;
  readonly inFlight: number;
  /** New messages in the mailbox, and how many fit. */
  readonly mailboxSize: number;
  readonly capacity: number;
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

/** What a partition knows of itself. */
interface Present extends Pick<PartitionView, 'inFlight' | 'drainAt' | 'isReplaced'> {
  readonly lane: Lane;
  readonly log: StateLog;
  readonly restarts: RestartLimit | undefined;
}

/** A reading of this moment. Without spreads, which take microseconds. `delivery`: undefined without a life. */
export function viewOf(partition: Present, delivery: Delivery | undefined): PartitionView {
  const { drainAt, inFlight, isReplaced, lane, log, restarts } = partition;
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
    mailboxSize: inbox.mailbox.size,
    capacity: inbox.mailbox.capacity,
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
export function longestWaitMs({ inFlight, lane }: Present, delivery: Delivery | undefined, now: number): number {
  const callStartedAt = inFlight > 0 ? lane.times.startedAt : now;
  return now - Math.min(oldestAcceptedAt(lane), callStartedAt, delivery?.turn.queuedAt ?? now);
}

/** A partition as reports see it: a view takes microseconds to make, the rest is read at once. */
export interface PartitionReading {
  readonly view: PartitionView;
  readonly state: string;
  readonly counters: Readonly<Counters>;
  /** Messages that wait, and messages `process` has now. */
  readonly depth: number;
  readonly inFlight: number;
  /** How full its mailbox is, from 0 to 1. */
  readonly fullness: number;
  /** How long something has waited at `now`: a message, a call or a batch that is due; the longest of them, in ms. */
  longestWaitMs(now: number): number;
  /** Whether a message of this origin waits there, is in flight, or waits for room. */
  holds(origin: Origin): boolean;
}

/** What reports read of one channel. */
export interface ChannelView
  extends Pick<LaneOwner, 'name' | 'config' | 'breaker' | 'processing' | 'queueing' | 'share'> {
  readonly partitions: readonly PartitionReading[];
  readonly keys: MissingKeys;
  /** Messages that the first partition counts and that a channel before a reload took in. */
  readonly inherited: number;
}
