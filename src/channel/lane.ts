import { CallTimes } from '../core/call-times.ts';
import type { DeliveryMode } from '../core/channel-port.ts';
import type { CoarseClock } from '../core/coarse-clock.ts';
import { Counter, createCounters } from '../core/counters.ts';
import type { Gap } from '../core/gap-log.ts';
import type { Origin, Origins } from '../core/origin.ts';
import { Recovery } from '../core/recovery.ts';
import type { Trigger } from '../core/trigger.ts';
import { BreakerClient } from './breaker-client.ts';
import type { Waker } from './due-batches.ts';
import { Inbox } from './inbox.ts';
import type { LaneOwner } from './lane-owner.ts';

/** What the phases of one partition work on. It belongs to the router and outlives every restart of the channel. */
export class Lane {
  /** The name of its channel, with `/n` if that has several partitions. */
  readonly id: string;
  readonly owner: LaneOwner;
  readonly channel: string;
  readonly services: LaneOwner['services'];
  readonly clock: CoarseClock;
  readonly counters = createCounters();
  /** The times of the call that is out, or was the last. */
  readonly times = new CallTimes();
  /** Undefined: the channel has no breaker. */
  readonly breaker: BreakerClient | undefined;
  readonly inbox: Inbox;
  readonly recovery = new Recovery(this);

  /** `partition`: its number; undefined: the channel has only one. */
  constructor(owner: LaneOwner, partition: number | undefined) {
    this.owner = owner;
    this.channel = owner.name;
    this.id = partition === undefined ? owner.name : `${owner.name}/${partition}`;
    this.services = owner.services;
    this.clock = this.services.scheduler.clock;
    this.breaker = owner.breaker && new BreakerClient(owner.breaker, this.times);
    this.inbox = new Inbox(owner, partition, this.counters, this.breaker);
  }

  /** A message that was taken in goes back to its origin, whose stay has ended. */
  returned(origin: Origin | undefined): void {
    this.counters[Counter.returned] += 1;
    // In a channel that stops it counts as what `stop` hands back.
    if (this.inbox.isOpen) this.counters[Counter['stay-ended']] += 1;
    origin?.handedBack('returned');
  }

  /** Nothing holds the next attempt up. A breaker that an operator holds open stays so. */
  endWaits(): void {
    this.recovery.endWait();
    this.breaker?.breaker.hasten(this.services.clock.now());
  }

  /** A drain that ends at `by` tries what waits at once, and again and again until then. */
  hurry(by: number): void {
    this.recovery.hurry(by);
    this.breaker?.breaker.hurry(by);
  }

  /** What waits brings a probe sooner, and again when another eighth of the mailbox has filled. False: as planned. */
  press(waker: Waker): boolean {
    const { capacity, size } = this.inbox.mailbox;
    this.inbox.wakeWhen(size + Math.ceil(capacity / 8), waker);
    return this.breaker?.breaker.press(Math.min(1, size / capacity)) === true;
  }
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
