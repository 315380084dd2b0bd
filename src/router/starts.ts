import type { AnyActorRef } from 'xstate';
import type { Partition } from '../channel/partition.ts';
import type { Services } from '../channel/services.ts';
import { Counter } from '../core/counters.ts';
import type { FleetEvent } from '../core/fleet-port.ts';
import type { ChannelEntry } from './channel-entry.ts';

/** A restart may come so much too early, in ms: the clock of the host rounds. */
const EARLY_MS = 2;

/** A partition, and the channel that makes its instances. */
export interface Member {
  readonly partition: Partition;
  readonly channel: ChannelEntry;
}

/** Starts partitions, and starts them again when they have failed; tells the router's statechart how that went. */
export abstract class Starts {
  protected readonly services: Services;
  /** Those that neither warmed up nor failed yet, and those that are failed: guards need not ask each partition. */
  readonly #settling = new Set<string>();
  readonly #down = new Map<string, Member>();
  /** Undefined: nothing was launched. */
  protected parent: AnyActorRef | undefined;
  /** Tells the statechart. */
  protected notify: (event: FleetEvent) => void = () => {};

  constructor(services: Services) {
    this.services = services;
  }

  abstract readonly isStopping: boolean;

  warmed({ id }: Partition): void {
    this.#settling.delete(id);
    // The chart asks whether all are settled, or one that was down is up: the others need not wake it.
    if (this.#down.delete(id) || this.isSettled) this.notify({ type: 'channel.warmed', id });
  }

  /** It has not come to its end, nor was it replaced. */
  abstract has(partition: Partition): boolean;

  /** Its actors run, or have run. */
  get isLaunched(): boolean {
    return this.parent !== undefined;
  }

  get isSettled(): boolean {
    return this.#settling.size === 0;
  }

  get hasDown(): boolean {
    return this.#down.size > 0;
  }

  mayRestart(id: string): boolean {
    return this.#down.get(id)?.partition.restarts?.isGivenUp === false;
  }

  restartInMs(id: string): number {
    return Math.max(0, (this.#down.get(id)?.partition.restarts?.at ?? 0) - this.services.clock.now());
  }

  /** An operator's restart: failures before it no longer count, and a partition that lives is ended first. */
  restartByHand(partition: Partition): void {
    partition.endWaits();
    partition.ensureRestarts().forgive(this.services.clock.now());
    if (partition.isAlive) partition.send({ type: 'channel.restart' });
    else this.restart(partition.id);
  }

  /** Starts these, the most urgent first. */
  protected begin(members: Iterable<Member>): void {
    const byPriority = [...members].sort((a, b) => a.channel.config.priority - b.channel.config.priority);
    for (const member of byPriority) this.#start(member);
  }

  /** Starts one that is new, if anything was launched. */
  protected startNew(member: Member): void {
    this.#settling.add(member.partition.id);
    this.#start(member);
  }

  /** It is gone. */
  protected remove({ id }: Partition): void {
    this.#settling.delete(id);
    this.#down.delete(id);
  }

  protected restart(id: string): void {
    const member = this.#down.get(id);
    if (member === undefined) return;
    const { channel, partition } = member;
    const { isAlive, isReplaced, lane } = partition;
    const restarts = partition.ensureRestarts();
    // An operator's restart voids the one that was planned before.
    if (isAlive || isReplaced || restarts.isGivenUp || this.restartInMs(id) > EARLY_MS) return;
    lane.counters[Counter.restarts] += 1;
    const { withinMs } = channel.config.restart;
    const n = restarts.lately(withinMs, this.services.clock.now());
    this.services.bus.publishAfterwards('channel.restarted', { channel: id, n, withinMs });
    this.#start(member);
  }

  protected failed(member: Member): void {
    const { channel, partition } = member;
    const { counters, id, log } = partition;
    const restarts = partition.ensureRestarts();
    const { cause, error } = log;
    const { bus, clock } = this.services;
    const now = clock.now();
    this.#settling.delete(id);
    this.#down.set(id, member);
    // A restart by hand is no failure.
    if (cause === 'channel.restart') restarts.forgive(now);
    else if (!restarts.failed(channel.config.restart, now))
      bus.publishAfterwards('channel.gaveUp', { channel: id, restarts: counters[Counter.restarts], error });
    this.notify({ type: 'channel.failed', id, error });
  }

  #start(member: Member): void {
    const { channel, partition } = member;
    if (this.parent === undefined || !this.#mayStart(partition)) return;
    const made = channel.makeInstance(partition);
    // Its constructor is code of the host, which may have ended the router or started the partition itself.
    if ('instance' in made) {
      if (this.#mayStart(partition)) partition.start(this.parent, made.instance, made.validate, this);
    } else if (!partition.isAlive && this.has(partition)) {
      partition.startFailed(made.error, !this.isStopping);
      this.failed(member);
    }
  }

  #mayStart(partition: Partition): boolean {
    return !this.isStopping && !partition.isAlive && this.has(partition);
  }
}
