import type { AnyActorRef } from 'xstate';
import type { Partition } from '../channel/partition.ts';
import type { Services } from '../channel/services.ts';
import { unstick } from '../channel/xstate-internals.ts';
import type { FleetCommand, FleetEvent, FleetPort } from '../core/fleet-port.ts';
import { STOP_GRACE_MS } from '../facts/ending.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { Definitions } from './definitions.ts';
import type { Feeds } from './feeds.ts';
import type { Sources } from './sources.ts';
import { type Member, Starts } from './starts.ts';

/** The share of the deadline of a stop after which sources write their last commits, whatever is left. */
const DRAIN_SHARE = 0.8;
const RELEASE_SHARE = 0.9;

/**
 * All partitions of a router, alive or not: carries out what the router's statechart decides. Their actors are children of
 * one actor of the router's machine but are kept here, because a machine copies its map of children at every change.
 */
export class Supervisor extends Starts implements FleetPort {
  readonly #definitions: Definitions;
  readonly #sources: Sources['all'];
  readonly #feeds: Feeds;
  readonly #closed: () => void;
  /** Partitions that have not come to their end. */
  readonly #members = new Map<string, Member>();
  /** By partition: called when it has ended, for good or for a successor. */
  readonly #awaited = new Map<string, (() => void)[]>();
  /** Undefined: it was not stopped. */
  #stopBy: number | undefined;
  readonly #end = new AbortController();

  /** `closed`: called once nothing is taken in any more. */
  constructor(services: Services, definitions: Definitions, sources: Sources['all'], feeds: Feeds, closed: () => void) {
    super(services);
    this.#definitions = definitions;
    this.#sources = sources;
    this.#feeds = feeds;
    this.#closed = closed;
  }

  get isStopping(): boolean {
    return this.#stopBy !== undefined;
  }

  /** Aborts once nothing is taken in any more. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  get isStopped(): boolean {
    if (this.#members.size > 0) return false;
    return [...this.#sources.values()].every(({ state }) => state === 'stopped' || state === 'new');
  }

  get escalates(): boolean {
    return this.#definitions.config.router.onGiveUp === 'escalate';
  }

  get stopInMs(): number {
    return Math.max(0, (this.#stopBy ?? 0) - this.services.clock.now()) + STOP_GRACE_MS;
  }

  launch(notify: (event: FleetEvent) => void, self: unknown): () => void {
    // The machine hands over its own actor; a port of src/core cannot name XState's type.
    const parent = self as AnyActorRef;
    this.parent = parent;
    this.notify = notify;
    const { changes } = this.services.bus;
    changes.within(() => {
      this.begin(this.#members.values());
      for (const source of this.#sources.values()) source.run(parent);
      this.#feeds.launch();
    });
    return () => changes.within(() => this.stop());
  }

  receive(command: FleetCommand): void {
    this.services.bus.changes.within(() => {
      if (command.type === 'fleet.drain') this.drain();
      else if (command.type === 'fleet.restart') this.restart(command.id);
      else this.#ended(command.actorId);
    });
  }

  has(partition: Partition): boolean {
    return this.#members.get(partition.id)?.partition === partition;
  }

  /** What the channel does not deliver stays in it. */
  keeps({ isKept }: ChannelEntry): boolean {
    return isKept && !this.isStopping;
  }

  /** A partition that is added after the start is started at once. */
  add(partition: Partition, channel: ChannelEntry): void {
    const member = { partition, channel };
    this.#members.set(partition.id, member);
    this.startNew(member);
  }

  /** A stack overflow broke off whatever ran: what that left half done is failed. The stack is empty. */
  breakOff(): void {
    const error = new RangeError('Maximum call stack size exceeded');
    for (const actor of [this.parent?._parent, this.parent]) if (actor !== undefined) unstick(actor);
    for (const { partition } of [...this.#members.values()]) partition.breakOff(error);
  }

  /** From now on nothing is read or taken in; what is not delivered soon enough before `stopBy` is handed back. */
  closeInboxes(stopBy: number): void {
    this.#stopBy = stopBy;
    // What a feed still had to bring would only be refused.
    this.#feeds.stop();
    const now = this.services.clock.now();
    const after = (share: number): number => now + share * (stopBy - now);
    // First: a channel that hands messages back must not find a source that still reads.
    const times = { drainAt: after(DRAIN_SHARE), releaseAt: after(RELEASE_SHARE), stopAt: stopBy };
    for (const source of this.#sources.values()) source.drain(times);
    const drainAt = this.#sources.size === 0 ? stopBy : times.drainAt;
    for (const { partition } of this.#members.values()) partition.closeInbox(drainAt);
    this.#closed();
    this.#end.abort();
  }

  drain(): void {
    for (const { partition } of [...this.#members.values()]) this.#drain(partition);
  }

  /** Resolves when the partition has come to its end. */
  drainOne(partition: Partition): Promise<void> {
    return this.#whenEnded(partition, () => this.#drain(partition));
  }

  /** Lets a life end for a successor: it delivers no more, and closes within the time. Its inbox stays open. */
  close(partition: Partition, closeMs: number): Promise<void> {
    return this.#whenEnded(partition, () => partition.close(this.services.clock.now() + closeMs));
  }

  /** Ends the partition at once: a successor takes its place. */
  dispose(partition: Partition): void {
    partition.abandonNow();
    this.remove(partition);
  }

  /** Nothing goes on: every source and every partition that is left ends at once. */
  stop(): void {
    this.notify = () => {};
    for (const source of this.#sources.values()) source.stop();
    this.closeInboxes(this.services.clock.now());
    for (const { partition } of [...this.#members.values()]) {
      partition.abandonNow();
      this.#stopped(partition);
    }
    this.services.ending.end();
  }

  #drain(partition: Partition): void {
    if (partition.isReplaced) partition.pause(partition.isHeld, false);
    if (partition.isAlive) partition.drain();
    else this.#stopped(partition);
  }

  #ended(actorId: string): void {
    const member = this.#members.get(actorId);
    if (member === undefined) {
      const source = [...this.#sources.values()].find((each) => each.actorId === actorId);
      if (source !== undefined) this.notify({ type: 'source.stopped', id: source.name });
      return;
    }
    const { channel, partition } = member;
    // The inbox of a living partition is closed only to drain it.
    const { isOpen } = partition.inbox;
    const isFailure = partition.state === 'failed' && isOpen;
    // The next life of the channel, or a channel of its name, delivers what is kept.
    partition.abandon(isFailure || this.keeps(channel));
    if (isOpen && this.#awaited.has(actorId)) this.#tellEnd(actorId);
    else if (isFailure) this.failed(member);
    else this.#stopped(partition);
  }

  #stopped(partition: Partition): void {
    const { id } = partition;
    const channel = this.#members.get(id)?.channel;
    this.remove(partition);
    partition.stop(channel !== undefined && this.keeps(channel));
    this.#tellEnd(id);
    this.notify({ type: 'channel.stopped', id });
  }

  protected override remove(partition: Partition): void {
    this.#members.delete(partition.id);
    super.remove(partition);
  }

  #whenEnded({ id }: Partition, order: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.set(id, [...(this.#awaited.get(id) ?? []), resolve]);
      order();
    });
  }

  #tellEnd(id: string): void {
    const awaited = this.#awaited.get(id) ?? [];
    this.#awaited.delete(id);
    for (const resolve of awaited) resolve();
  }
}
