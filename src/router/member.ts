import { type ActorRefFrom, type AnyActorRef, createActor } from 'xstate';
import { type ChannelEvent, channelMachine } from '../../machines/channel.ts';
import { Life } from '../channel/life.ts';
import { type AnyChannel, bindChannel } from '../channel/processing-channel.ts';
import type { Slot } from '../channel/slot.ts';
import { validatorOf } from '../channel/validator.ts';
import { Intensity } from '../core/intensity.ts';
import { stateName } from '../facts/state-name.ts';
import { healthOf } from '../report/health.ts';
import type { ChannelMetrics } from '../report/metrics.ts';
import type { Channel } from './channel.ts';

const NO_MESSAGES: readonly unknown[] = Object.freeze([]);
const READ_OPTIONS = Object.freeze({});

/** One supervised partition: its slot, and the actor that lives in it now, if one does. */
export class Member {
  readonly channel: Channel;
  readonly slot: Slot;
  /** Undefined: it never failed. */
  #intensity: Intensity | undefined;
  #actor: ActorRefFrom<typeof channelMachine> | undefined;
  #life: Life | undefined;
  /** The name of its state; of a member without a life, why it has none. */
  state = 'new';
  since: number;
  cause = 'not started';
  error: unknown;
  isGivenUp = false;
  restartAt = 0;
  /** What `stop` hands back: still waiting, and still in flight. */
  returned = NO_MESSAGES;
  unknown = NO_MESSAGES;
  /** Time spent by state, in ms, since the drain began. */
  spentMs: Record<string, number> | undefined;
  #spentFrom = 0;

  constructor(channel: Channel, slot: Slot) {
    this.channel = channel;
    this.slot = slot;
    this.since = slot.world.clock.now();
  }

  /** From now on `spentMs` tells where the time goes. */
  resetSpent(): void {
    this.spentMs = {};
    this.#spentFrom = this.slot.world.clock.now();
  }

  get isAlive(): boolean {
    return this.#actor !== undefined;
  }

  /**
   * Makes an instance and starts its actor under `parent`, which hears of its end. False: no instance could be made.
   */
  start(parent: AnyActorRef, warmed: (member: Member) => void): boolean {
    let instance: AnyChannel;
    try {
      const { parts } = this.channel;
      instance = parts.instance ?? parts.factory();
      parts.instance = undefined;
      this.channel.checkRulesOf(instance);
      bindChannel(instance, this);
      this.slot.openDoor(validatorOf(instance));
    } catch (error) {
      this.enter('failed', 'constructor', error);
      return false;
    }
    const life = new Life(this.slot, instance, (event) => actor.send(event));
    const actor = createActor(channelMachine, { id: this.slot.id, parent, input: { port: () => life } });
    this.#actor = actor;
    this.#life = life;
    actor.subscribe({
      next: ({ value, context }) => {
        const to = stateName(value);
        if (to === this.state) return;
        const wasWarming = this.state === 'warming';
        this.enter(to, context.cause, context.error);
        if (wasWarming && to !== 'failed' && to !== 'stopped' && to !== 'closing') warmed(this);
      },
      error: (error) => this.enter('failed', 'crash', error),
    });
    actor.start();
    // XState has read them, and would keep them in an object with a hidden class of its own.
    actor.options = READ_OPTIONS;
    return true;
  }

  /** Its actor ended. A life that failed gives back what it had in flight; after a stop that stays unknown. */
  endLife(isFailure: boolean): void {
    if (isFailure) this.#life?.pump.discard();
    else this.#life?.pump.letGo();
    this.#actor = undefined;
    this.#life = undefined;
  }

  send(event: ChannelEvent): void {
    this.#actor?.send(event);
  }

  metrics(): ChannelMetrics {
    return this.channel.metrics();
  }

  /** How long a batch of it has been due without getting a turn. */
  get waitsForTurnMs(): number {
    const pump = this.#life?.pump;
    return pump?.isQueued === true ? this.slot.world.clock.now() - pump.queuedAt : 0;
  }

  /** Notes a failure. False: that was once too often, it is given up. */
  noteFailure(): boolean {
    const { limit, withinMs, delayMs, delayMsMax } = this.slot.config.restart;
    const now = this.slot.world.clock.now();
    this.#intensity = Object.assign(this.#intensity ?? new Intensity(limit, withinMs), { limit, withinMs });
    this.isGivenUp = !this.#intensity.note(now);
    this.restartAt = now + Math.min(delayMsMax, delayMs * 2 ** (this.#intensity.count(now) - 1));
    return !this.isGivenUp;
  }

  get restartsLately(): number {
    return this.#intensity?.count(this.slot.world.clock.now()) ?? 0;
  }

  /** An operator takes over: what failed before no longer counts. */
  forgive(): void {
    this.#intensity?.reset();
    this.isGivenUp = false;
  }

  /** No life is left: keeps what was in flight as unknown and hands back what waits. */
  release(): void {
    this.slot.closeDoor();
    this.unknown = this.slot.batch;
    this.returned = this.slot.release();
    if (this.state !== 'stopped') this.enter('stopped', 'router.stop', undefined);
  }

  /** Tells the host of a new state, with how long the one before lasted. */
  enter(to: string, cause: string, error: unknown): void {
    const now = this.slot.world.clock.now();
    const from = this.state;
    if (this.spentMs !== undefined)
      this.spentMs[from] = (this.spentMs[from] ?? 0) + now - Math.max(this.since, this.#spentFrom);
    this.state = to;
    this.slot.canDeliver = healthOf(to) === 'healthy';
    this.since = now;
    this.cause = cause;
    this.error = error;
    this.slot.world.bus.publish('channel.entered', { channel: this.slot.id, from, to, cause, error });
  }
}
