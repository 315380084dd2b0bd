import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import { CallTimes } from '../core/call-times.ts';
import type { DeliveryMode } from '../core/channel-port.ts';
import type { CoarseClock } from '../core/coarse-clock.ts';
import { Counter, type Counters, createCounters } from '../core/counters.ts';
import type { Gap } from '../core/gap-log.ts';
import type { Histogram } from '../core/histogram.ts';
import { isFrom, type Origin, type Origins } from '../core/origin.ts';
import { Recovery } from '../core/recovery.ts';
import type { Share } from '../core/share.ts';
import type { Trigger } from '../core/trigger.ts';
import { BreakerClient } from './breaker-client.ts';
import { Inbox } from './inbox.ts';
import type { Services } from './services.ts';
import type { SinkRest } from './sink-rest.ts';

/** What the phases of one partition work on. It belongs to the router and outlives every restart of the channel. */
export interface Lane extends Pick<LaneOptions, 'id' | 'services' | 'rest' | 'processing' | 'queueing' | 'share'> {
  readonly channel: string;
  readonly clock: CoarseClock;
  readonly counters: Counters;
  readonly inbox: Inbox;
  readonly recovery: Recovery;
  /** A message that was taken in goes back to its origin, whose stay has ended. */
  readonly returned: (origin: Origin | undefined) => void;
  /** The times of the call that is out, or was the last. */
  readonly times: CallTimes;
  /** Undefined: the channel has no breaker. */
  readonly breaker: BreakerClient | undefined;
}

/** What the partitions of a channel share. */
export interface LaneOptions {
  /** The channel's name, with `/n` if it has several partitions. */
  readonly id: string;
  /** The number of the partition; undefined: the channel has only one. */
  readonly partition?: number;
  readonly config: ChannelConfig;
  readonly services: Services;
  readonly breaker: Breaker | undefined;
  /** Shared by all that deliver to the same sink. */
  readonly rest: SinkRest;
  readonly keyOf: (message: unknown) => string;
  /** How long calls of `process` took, how long messages waited before the first, and what turns below priority 1 took. */
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly share: Share;
}

/** What each lane of a channel is made of. */
export function lanesOf(shared: Omit<LaneOptions, 'id'>): readonly LaneOptions[] {
  const { name, partitions } = shared.config;
  if (partitions === 1) return [{ ...shared, id: name }];
  return Array.from({ length: partitions }, (_, partition) => ({ ...shared, id: `${name}/${partition}`, partition }));
}

/** Makes the lane of one partition. */
export function createLane(options: LaneOptions): Lane {
  const { id, partition, config, services, processing, queueing, share, keyOf, rest } = options;
  const counters = createCounters();
  const times = new CallTimes();
  const breaker = options.breaker && new BreakerClient(options.breaker, times);
  const inbox = new Inbox({ partition, config, services, counters, breaker, keyOf });
  const returned = (origin: Origin | undefined): void => {
    counters[Counter.returned] += 1;
    // In a channel that stops it counts as what `stop` hands back.
    if (inbox.isOpen) counters[Counter['stay-ended']] += 1;
    origin?.handedBack('returned');
  };
  const recovery = new Recovery(returned);
  rest.join(recovery);
  // Field by field: V8 puts what follows a spread beside the object, and takes microseconds for it.
  return {
    services,
    clock: services.scheduler.clock,
    rest,
    processing,
    queueing,
    share,
    id,
    channel: config.name,
    counters,
    inbox,
    recovery,
    returned,
    times,
    breaker,
  };
}

/** Everything that waits: new messages, and those that failed and come again. */
export function depthOf({ inbox, recovery }: Lane): number {
  return inbox.mailbox.size + recovery.size;
}

/** When the oldest waiting message was accepted, in ms on the clock; Infinity when none waits. */
export function oldestAcceptedAt({ inbox, recovery }: Lane): number {
  return Math.min(inbox.mailbox.oldestAcceptedAt, recovery.oldestAcceptedAt ?? Number.POSITIVE_INFINITY);
}

/**
 * When the sink may be tried, in ms on the clock: when the breaker's cool-down is over, or the longer rest that the sink
 * asked for; 0: at any time.
 */
export function probeAt(lane: Lane): number {
  const { breaker: limits, partitions } = lane.inbox.limits;
  const isShared = partitions > 1 || (limits !== false && limits.shared !== undefined);
  const restsUntil = depthOf(lane) === 0 ? 0 : lane.recovery.sinkRestsUntil;
  return Math.max(restsUntil, lane.breaker?.probeAt(isShared) ?? 0);
}

/** The origins of everything that waits in an inbox, also for room. */
export function originsIn({ mailbox, offers }: Inbox): Origins {
  return [...(mailbox.originsOf(mailbox.size) ?? []), ...offers.origins];
}

/** A message of this origin waits there, also for room, or was called with these. */
export function holdsOrigin({ inbox, recovery }: Lane, called: Origins | undefined, origin: Origin): boolean {
  const all = [called, originsIn(inbox), ...recovery.all.map(({ origins }) => origins)];
  return all.some((origins) => origins?.some((each) => isFrom(each, origin)));
}

/** Why the next call is due; undefined: none is. */
export function dueTrigger({ inbox, recovery }: Lane, mode: DeliveryMode): Trigger | undefined {
  if (mode === 'flush' && recovery.size === 0) return inbox.due.trigger;
  // Something failed before, or the statechart wants more than what is due.
  if (mode === 'isolate' && !recovery.isIsolating && recovery.quarantined === 0) return undefined;
  if (recovery.hasBatches) return mode === 'drain' || mode === 'probe' ? mode : 'size';
  if (inbox.mailbox.size === 0) return undefined;
  // What is in quarantine waits for what comes next.
  return mode === 'drain' ? 'drain' : 'probe';
}

/** Publishes what was dropped or conflated since the last time, in order. */
export function publishGaps({ inbox, services }: Lane): readonly Gap[] {
  const gaps = inbox.gaps.take();
  for (const gap of gaps) services.bus.publish('message.dropped', gap);
  return gaps;
}
