import type { AnyActorRef } from 'xstate';
import { partOfStop } from '../channel/hand-back.ts';
import type { Partition } from '../channel/partition.ts';
import type { Services } from '../channel/services.ts';
import { unstick } from '../channel/xstate-internals.ts';
import type { FleetCommand, FleetEvent, FleetPort } from '../core/fleet-port.ts';
import { STOP_GRACE_MS } from '../facts/ending.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { Definitions } from './definitions.ts';
import type { Feeds } from './feeds.ts';
import type { Sources } from './sources.ts';
import { TakenOut } from './taken-out.ts';

const EARLY_MS = 2;

/** The share of the deadline of a stop after which sources write their last commits, whatever is left. */
const DRAIN_SHARE = 0.8;
const RELEASE_SHARE = 0.9;

/**
 * All channels of a router, alive or not: carries out what the router's statechart decides. Its actors are children of
 * one actor of the router's machine but are kept here, because a machine copies its map of children at every change.
 */
export class Fleet implements FleetPort {
  readonly takenOut: TakenOut;
  readonly #channels = new Map<string, ChannelEntry>();
  readonly #services: Services;
  readonly #definitions: Definitions;
  readonly #sources: Sources;
  readonly #feeds: Feeds;
  /** Partitions that have not come to their end, and their channels. */
  readonly #partitions = new Map<string, { readonly partition: Partition; readonly channel: ChannelEntry }>();
  /** Of these, those that neither warmed up nor failed yet, and those that are failed: guards need not ask each of them. */
  readonly #settling = new Set<string>();
  readonly #down = new Map<string, Partition>();
  /** Called when a partition is gone, for good or for a successor. */
  readonly #removals = new Map<string, () => void>();
  readonly #replacements = new Map<string, () => void>();
  /** Undefined: it was not launched. */
  #parent: AnyActorRef | undefined;
  #notify: (event: FleetEvent) => void = () => {};
  /** Undefined: it was not stopped. */
  #stopBy: number | undefined;
  readonly #end = new AbortController();

  constructor(services: Services, definitions: Definitions, sources: Sources, feeds: Feeds) {
    this.#services = services;
    this.#sources = sources;
    this.#feeds = feeds;
    this.takenOut = new TakenOut(services);
    this.#definitions = definitions;
  }

  get channels(): ReadonlyMap<string, ChannelEntry> {
    return this.#channels;
  }

  /** Its actors run, or have run. */
  get isLaunched(): boolean {
    return this.#parent !== undefined;
  }

  get isStopping(): boolean {
    return this.#stopBy !== undefined;
  }

  /** Aborts once nothing is taken in any more. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  get isSettled(): boolean {
    return this.#settling.size === 0;
  }

  get hasDown(): boolean {
    return this.#down.size > 0;
  }

  get isStopped(): boolean {
    return this.#partitions.size === 0 && this.#sources.areStopped;
  }

  get escalates(): boolean {
    return this.#definitions.config.router.onGiveUp === 'escalate';
  }

  get stopInMs(): number {
    return Math.max(0, (this.#stopBy ?? 0) - this.#services.clock.now()) + STOP_GRACE_MS;
  }

  mayRestart(id: string): boolean {
    return this.#down.get(id)?.restarts.isGivenUp === false;
  }

  restartInMs(id: string): number {
    return Math.max(0, (this.#down.get(id)?.restarts.at ?? 0) - this.#services.clock.now());
  }

  launch(notify: (event: FleetEvent) => void, self: unknown): () => void {
    // The machine hands over its own actor; a port of src/core cannot name XState's type.
    this.#parent = self as AnyActorRef;
    this.#notify = notify;
    const byPriority = [...this.#partitions.values()].sort((a, b) => a.partition.priority - b.partition.priority);
    const parent = this.#parent;
    const { changes } = this.#services.bus;
    changes.within(() => {
      for (const { partition } of byPriority) this.#start(partition);
      this.#sources.launch(parent);
      this.#feeds.launch();
    });
    return () => changes.within(() => this.halt());
  }

  receive(command: FleetCommand): void {
    this.#services.bus.changes.within(() => {
      if (command.type === 'fleet.drain') this.drain();
      else if (command.type === 'fleet.restart') this.#restart(command.id);
      else this.#ended(command.actorId);
    });
  }

  /** An operator's restart: failures before it no longer count, and a partition that lives is ended first. */
  restartByHand(partition: Partition): void {
    partition.endWaits();
    partition.restarts.forgive(this.#services.clock.now());
    if (partition.isAlive) partition.send({ type: 'channel.restart' });
    else this.#restart(partition.id);
  }

  /** A stack overflow broke off whatever ran: what that left half done is failed. The stack is empty. */
  breakOff(): void {
    const error = new RangeError('Maximum call stack size exceeded');
    for (const actor of [this.#parent?._parent, this.#parent]) if (actor !== undefined) unstick(actor);
    for (const { partition } of [...this.#partitions.values()]) partition.breakOff(error);
  }

  drain(): void {
    for (const { partition } of [...this.#partitions.values()]) this.#drain(partition);
  }

  /** From now on nothing is read or taken in; what is not delivered soon enough before `stopBy` is handed back. */
  closeInboxes(stopBy: number): void {
    this.#stopBy = stopBy;
    // What a feed still had to bring would only be refused.
    this.#feeds.stop();
    const now = this.#services.clock.now();
    const after = (share: number): number => now + share * (stopBy - now);
    // First: a channel that hands messages back must not find a source that still reads.
    this.#sources.drain({ drainAt: after(DRAIN_SHARE), releaseAt: after(RELEASE_SHARE), stopAt: stopBy });
    const drainAt = this.#sources.all.size === 0 ? stopBy : after(DRAIN_SHARE);
    for (const { partition } of this.#partitions.values()) partition.closeInbox(drainAt);
    this.takenOut.handBack();
    // Some of its partitions may have ended before the others, and kept what they had.
    for (const { isKept, partitions } of this.#channels.values()) {
      for (const partition of partitions) if (isKept && !this.#partitions.has(partition.id)) partition.handBack();
    }
    this.#end.abort();
  }

  /** A stay of a source has ended: what waits of it goes back. */
  returnEnded(): void {
    const channels = [...this.#channels.values(), ...this.takenOut.held];
    for (const { partitions } of channels) for (const partition of partitions) partition.returnEnded();
  }

  /** A channel that is added after the start is started at once. */
  add(channel: ChannelEntry): void {
    this.#channels.set(channel.name, channel);
    for (const partition of channel.partitions) {
      this.#partitions.set(partition.id, { partition, channel });
      this.#settling.add(partition.id);
      this.#start(partition);
    }
  }

  /** Drains one channel; resolves when all of its partitions have ended. */
  async remove(channel: ChannelEntry, drainAt: number): Promise<void> {
    for (const partition of channel.partitions) partition.closeInbox(drainAt);
    const left = channel.partitions.filter(({ id }) => this.#partitions.has(id));
    const remove = (partition: Partition): Promise<void> =>
      new Promise((resolve) => {
        this.#removals.set(partition.id, resolve);
        this.#drain(partition);
      });
    await Promise.all(left.map(remove));
  }

  /** A channel is gone. What it kept waits for a channel of its name to come back. */
  removed(channel: ChannelEntry): void {
    this.#channels.delete(channel.name);
    if (this.#keeps(channel) && channel.partitions.some(({ depth }) => depth > 0)) return this.takenOut.hold(channel);
    // An operator may have asked for the report while some partitions had ended already.
    for (const partition of channel.partitions) partition.handBack();
    this.takenOut.forget(channel);
  }

  /** Lets a channel finish its batch and close, for a successor: it goes on taking messages in, and keeps them. */
  async prepareReplacement({ partitions }: ChannelEntry, closeMs: number): Promise<void> {
    const closings = partitions.map(async (partition) => {
      partition.expectReplacement(true);
      // A life that is over reports nothing any more, also not how its last call ends.
      if (partition.isAlive) await partition.whenSettled();
      if (!partition.isAlive) return;
      await new Promise<void>((resolve) => {
        this.#replacements.set(partition.id, resolve);
        partition.close(this.#services.clock.now() + closeMs);
      });
      this.#replacements.delete(partition.id);
    });
    await Promise.all(closings);
  }

  /** Puts a channel in the place of its predecessor, which is prepared; it takes over what waits and the counts. */
  replace(before: ChannelEntry, successor: ChannelEntry): void {
    for (const partition of before.partitions) {
      partition.send({ type: 'channel.halt' });
      partition.abandon(false);
      this.#forget(partition);
    }
    before.dispose();
    this.#channels.set(successor.name, successor);
    successor.takeOver(before);
    this.add(successor);
  }

  /** The router's actor ended: so does every source and every channel that is left, at once. */
  halt(): void {
    this.#notify = () => {};
    this.#sources.halt();
    this.closeInboxes(this.#services.clock.now());
    for (const { partition } of [...this.#partitions.values()]) {
      partOfStop(partition.lane, () => partition.send({ type: 'channel.halt' }));
      partOfStop(partition.lane, () => partition.abandon(false));
      this.#stopped(partition);
    }
    this.#services.ending.end();
  }

  #drain(partition: Partition): void {
    if (partition.isReplaced) partition.expectReplacement(false);
    if (partition.isAlive) partition.drain();
    else this.#stopped(partition);
  }

  #ended(actorId: string): void {
    const { partition, channel } = this.#partitions.get(actorId) ?? {};
    if (partition === undefined || channel === undefined) return this.#sourceEnded(actorId);
    // The inbox of a living partition is closed only to drain it.
    const { isOpen } = partition.inbox;
    const isFailure = partition.state === 'failed' && isOpen;
    // What is kept is delivered again by whoever comes back.
    partition.abandon(isFailure || this.#keeps(channel));
    const replaced = isOpen ? this.#replacements.get(actorId) : undefined;
    if (replaced !== undefined) replaced();
    else if (isFailure) this.#failed(partition);
    else this.#stopped(partition);
  }

  #sourceEnded(actorId: string): void {
    const id = this.#sources.nameOf(actorId);
    if (id !== undefined) this.#notify({ type: 'source.stopped', id });
  }

  #restart(id: string): void {
    const partition = this.#down.get(id);
    if (partition === undefined || partition.isAlive || partition.restarts.isGivenUp || partition.isReplaced) return;
    // An operator's restart voids the one that was planned before. A little too early: the host's clock rounds.
    if (this.restartInMs(id) > EARLY_MS) return;
    partition.noteRestart();
    this.#start(partition);
  }

  #start(partition: Partition): void {
    const channel = this.#partitions.get(partition.id)?.channel;
    if (this.#parent === undefined || channel === undefined || !this.#mayStart(partition)) return;
    const warmed = (): void => {
      this.#settling.delete(partition.id);
      // The chart asks whether all are settled, or one that was down is up: the others need not wake it.
      if (this.#down.delete(partition.id) || this.isSettled) this.#notify({ type: 'channel.warmed', id: partition.id });
    };
    const made = channel.makeInstance(partition);
    // Its constructor is code of the host, which may have ended the router or started the partition itself.
    if ('instance' in made) {
      if (this.#mayStart(partition)) partition.start(this.#parent, made.instance, made.validate, warmed);
    } else if (!partition.isAlive && this.#partitions.has(partition.id)) {
      partition.startFailed(made.error, !this.isStopping);
      this.#failed(partition);
    }
  }

  /** What it does not deliver stays in it. */
  #keeps({ isKept }: ChannelEntry): boolean {
    return isKept && !this.isStopping;
  }

  #mayStart(partition: Partition): boolean {
    return !this.isStopping && !partition.isAlive && this.#partitions.get(partition.id)?.partition === partition;
  }

  #failed(partition: Partition): void {
    const { id } = partition;
    this.#settling.delete(id);
    this.#down.set(id, partition);
    this.#notify({ type: 'channel.failed', id, error: partition.noteFailure() });
  }

  #stopped(partition: Partition): void {
    const { id } = partition;
    const channel = this.#partitions.get(id)?.channel;
    this.#forget(partition);
    partition.stop(channel !== undefined && this.#keeps(channel));
    this.#removals.get(id)?.();
    this.#removals.delete(id);
    this.#replacements.get(id)?.();
    this.#notify({ type: 'channel.stopped', id });
  }

  #forget({ id }: Partition): void {
    this.#partitions.delete(id);
    this.#settling.delete(id);
    this.#down.delete(id);
  }
}
