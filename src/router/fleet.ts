import type { AnyActorRef } from 'xstate';
import type { World } from '../channel/world.ts';
import type { RouterConfig } from '../config/schema.ts';
import { Counter } from '../core/counters.ts';
import type { FleetCommand, FleetEvent, FleetPort } from '../core/fleet-port.ts';
import { keepTimersApart } from './actor-timers.ts';
import type { Channel } from './channel.ts';
import type { Member } from './member.ts';

const EARLY_MS = 2;

/** What channels get to close after the deadline, and the router to notice. */
const STOP_GRACE_MS = 150;

/**
 * All channels of a router, alive or not: carries out what the router's statechart decides. Its actors are children of
 * one actor of the router's machine but are kept here, because a machine copies its map of children at every change.
 */
export class Fleet implements FleetPort {
  readonly channels = new Map<string, Channel>();
  readonly #world: World;
  /** Those that have not come to their end. */
  readonly #members = new Map<string, Member>();
  /** Of these, those that neither warmed up nor failed yet, and those that are failed: nobody has to ask each of them. */
  readonly #settling = new Set<Member>();
  readonly #down = new Map<string, Member>();
  /** Who waits for a member to be gone, for good or for a successor. */
  readonly #removals = new Map<string, () => void>();
  readonly #retirements = new Map<string, () => void>();
  limits: RouterConfig['router'];
  #parent: AnyActorRef | undefined;
  #notify: (event: FleetEvent) => void = () => {};
  /** Undefined: nobody has asked it to stop. */
  #stopBy: number | undefined;

  constructor(world: World, limits: RouterConfig['router']) {
    this.#world = world;
    this.limits = limits;
  }

  /** Its actors run, or have run. */
  isLaunched = false;

  get isSettled(): boolean {
    return this.#settling.size === 0;
  }

  get hasDown(): boolean {
    return this.#down.size > 0;
  }

  get isStopped(): boolean {
    return this.#members.size === 0;
  }

  get escalates(): boolean {
    return this.limits.onGiveUp === 'escalate';
  }

  get stopInMs(): number {
    return Math.max(0, (this.#stopBy ?? 0) - this.#world.clock.now()) + STOP_GRACE_MS;
  }

  mayRestart(id: string): boolean {
    return this.#down.get(id)?.isGivenUp === false;
  }

  restartInMs(id: string): number {
    return Math.max(0, (this.#down.get(id)?.restartAt ?? 0) - this.#world.clock.now());
  }

  launch(notify: (event: FleetEvent) => void, self: unknown): () => void {
    // The machine hands over its own actor; a port of src/core cannot name XState's type.
    this.#parent = self as AnyActorRef;
    keepTimersApart(this.#parent);
    this.isLaunched = true;
    this.#notify = notify;
    const byPriority = [...this.#members.values()].sort((a, b) => a.slot.config.priority - b.slot.config.priority);
    for (const member of byPriority) this.#start(member);
    return () => this.#halt();
  }

  receive(command: FleetCommand): void {
    if (command.type === 'fleet.drain') this.drain();
    else if (command.type === 'fleet.restart') this.#restart(command.id);
    else this.#ended(command.actorId);
  }

  #ended(actorId: string): void {
    const member = this.#members.get(actorId);
    if (member === undefined) return;
    const retired = this.#retirements.get(actorId);
    if (retired !== undefined && !this.isStopping && !this.#removals.has(actorId)) {
      member.endLife(member.state === 'failed');
      return retired();
    }
    // The door of one that lives is closed only to drain it.
    const isFailure = member.state === 'failed' && member.slot.isOpen;
    member.endLife(isFailure);
    if (isFailure) this.#failed(member);
    else this.#stopped(member);
  }

  #restart(id: string): void {
    const member = this.#down.get(id);
    if (member === undefined || member.isAlive || member.isGivenUp || member.slot.isRetiring) return;
    // A plan from before an operator's restart is void; so little too early is only a host's clock that rounds.
    if (this.restartInMs(id) > EARLY_MS) return;
    member.slot.counters[Counter.restarts] += 1;
    const { withinMs } = member.slot.config.restart;
    this.#world.bus.publish('channel.restarted', { channel: id, n: member.restartsLately, withinMs });
    this.#start(member);
  }

  /** An operator's restart: failures before it no longer count, and one that lives is ended first. */
  restartByHand(member: Member): void {
    member.forgive();
    member.restartAt = this.#world.clock.now();
    if (member.isAlive) member.send({ type: 'channel.restart' });
    else this.#restart(member.slot.id);
  }

  get isStopping(): boolean {
    return this.#stopBy !== undefined;
  }

  drain(): void {
    for (const member of this.#members.values()) this.#drainMember(member);
  }

  /** From now on nothing is taken in, and what is not delivered by `stopBy` is handed back. */
  closeDoors(stopBy: number): void {
    this.#stopBy = stopBy;
    for (const { slot } of this.#members.values()) {
      // One that is being taken out ends by the deadline it was given: its timers are set.
      if (slot.isOpen) slot.drainBy = stopBy;
      slot.closeDoor();
    }
  }

  /** A channel that came after the start is started at once. */
  add(channel: Channel): void {
    this.channels.set(channel.name, channel);
    for (const member of channel.members) {
      this.#members.set(member.slot.id, member);
      this.#settling.add(member);
      this.#start(member);
    }
  }

  /** Drains one channel; resolves when it is gone. */
  async remove(channel: Channel, drainBy: number): Promise<void> {
    for (const member of channel.members) {
      member.slot.drainBy = drainBy;
      member.slot.closeDoor();
    }
    await Promise.all(channel.members.map((member) => this.#removeMember(member)));
    this.channels.delete(channel.name);
  }

  /** Lets a channel finish its batch and close, for a successor: it goes on taking messages in, and keeps them. */
  async retire(channel: Channel, closeMs: number): Promise<void> {
    await Promise.all(channel.members.map((member) => this.#retireMember(member, closeMs)));
  }

  /** Puts a channel in the place of one that was retired; it takes over what waits and what was counted. */
  replace(retired: Channel, successor: Channel): void {
    for (const member of retired.members) {
      member.send({ type: 'channel.halt' });
      member.endLife(false);
      this.#forget(member);
    }
    retired.dispose();
    this.channels.set(successor.name, successor);
    successor.takeOver(retired);
    this.add(successor);
  }

  async #retireMember(member: Member, closeMs: number): Promise<void> {
    const { slot } = member;
    slot.isRetiring = true;
    member.send({ type: 'channel.pause' });
    // Of one that is over nobody will hear any more, also not how its last call ends.
    if (member.isAlive) await slot.whenSettled();
    if (!member.isAlive) return;
    slot.drainBy = this.#world.clock.now() + closeMs;
    await new Promise<void>((resolve) => {
      this.#retirements.set(slot.id, resolve);
      member.send({ type: 'channel.drain' });
    });
    this.#retirements.delete(slot.id);
  }

  #removeMember(member: Member): Promise<void> {
    if (!this.#members.has(member.slot.id)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#removals.set(member.slot.id, resolve);
      this.#drainMember(member);
    });
  }

  #drainMember(member: Member): void {
    if (member.slot.isRetiring) {
      member.slot.isRetiring = false;
      member.send({ type: 'channel.resume' });
    }
    if (member.isAlive) member.send({ type: 'channel.drain' });
    else this.#stopped(member);
  }

  #start(member: Member): void {
    if (this.#parent === undefined || member.isAlive) return;
    if (!member.start(this.#parent, this.#warmed)) this.#failed(member);
  }

  readonly #warmed = (member: Member): void => {
    this.#settling.delete(member);
    this.#down.delete(member.slot.id);
    this.#notify({ type: 'channel.warmed', id: member.slot.id });
  };

  #failed(member: Member): void {
    const { error, slot } = member;
    this.#settling.delete(member);
    this.#down.set(slot.id, member);
    if (member.cause === 'channel.restart') member.forgive();
    else if (!member.noteFailure()) {
      this.#world.bus.publish('channel.gaveUp', { channel: slot.id, restarts: slot.counters[Counter.restarts], error });
    }
    this.#notify({ type: 'channel.failed', id: slot.id, error });
  }

  #stopped(member: Member): void {
    const { id } = member.slot;
    this.#forget(member);
    member.release();
    this.#removals.get(id)?.();
    this.#removals.delete(id);
    this.#retirements.get(id)?.();
    this.#notify({ type: 'channel.stopped', id });
  }

  /** The router's actor ended: so does every channel, at once. */
  #halt(): void {
    this.#notify = () => {};
    this.#parent = undefined;
    this.closeDoors(this.#world.clock.now());
    for (const member of this.#members.values()) {
      member.send({ type: 'channel.halt' });
      member.endLife(false);
      this.#stopped(member);
    }
  }

  #forget(member: Member): void {
    this.#members.delete(member.slot.id);
    this.#settling.delete(member);
    this.#down.delete(member.slot.id);
  }
}
