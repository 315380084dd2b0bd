import { type Actor, type AnyActorRef, createActor, type SnapshotFrom } from 'xstate';
import { type ChannelEvent, channelMachine } from '../../machines/channel.ts';
import type { ChannelPort, DeliveryMode } from '../core/channel-port.ts';
import { stateName } from '../facts/chart-words.ts';
import { Delivery } from './delivery.ts';
import { depthOf, type Lane, oldestAcceptedAt, probeAt } from './lane.ts';
import type { AnyChannel, LifeContext } from './processing-channel.ts';
import { remembered } from './remembered-chart.ts';
import { observe, slim, unstick } from './xstate-internals.ts';

/** What `close` gets at least, even when the deadline of the drain has passed, in ms. */
export const CLOSE_MS_MIN = 100;

const channelLogic = remembered(channelMachine);

/** What the partition decides about a life. */
interface Orders {
  /** An operator holds the channel, or a reload is about to replace it. */
  readonly isPaused: boolean;
  /** When the drain ends, in ms on the clock. */
  readonly drainAt: number;
  entered(state: string, cause: string, error: unknown): void;
}

/** A `warmUp` or a `close` that the statechart waits for. */
interface Work {
  /** Of its signal, while code of the host runs. */
  controller?: AbortController | undefined;
}

/** The `port` of the statechart's input. Bound to its life it takes half of the memory that a closure over the life takes. */
function port(this: Life): Life {
  return this;
}

/** One life of a partition, from a start of its channel to its end: the instance, and its statechart with what that reads. */
export class Life implements ChannelPort {
  /** Made when something is delivered first: most of many channels rest. */
  delivery: Delivery | undefined = undefined;
  private readonly lane: Lane;
  private readonly channel: AnyChannel;
  private readonly orders: Orders;
  private readonly actor: Actor<typeof channelMachine>;
  private work: Work | undefined;

  /** `parent`: the actor that hears of its end. */
  constructor(lane: Lane, channel: AnyChannel, orders: Orders, parent: AnyActorRef) {
    this.lane = lane;
    this.channel = channel;
    this.orders = orders;
    this.actor = createActor(channelLogic, { id: lane.id, parent, input: { port: port.bind(this) } });
  }

  /** Starts the statechart; the partition hears of its states, and of a crash as one that is `failed`. */
  start(): void {
    observe(this.actor, this);
    this.actor.start();
  }

  next({ value, context }: SnapshotFrom<typeof channelMachine>): void {
    slim(this.actor);
    this.orders.entered(stateName(value), context.cause, context.error);
  }

  /** A getter: XState calls the function without its object, so it is a closure, made when the statechart crashes. */
  get error() {
    return (error: unknown): void => this.orders.entered('failed', 'crash', error);
  }

  /** Brings an event to the statechart. */
  send(event: ChannelEvent): void {
    this.actor.send(event);
  }

  /** An exception broke off whatever ran; true: that left something half done. */
  breakOff(): boolean {
    return [this.delivery?.breakOff(), unstick(this.actor)].includes(true);
  }

  get isPaused(): boolean {
    return this.orders.isPaused;
  }

  get isTripped(): boolean {
    const { breaker } = this.lane;
    return breaker !== undefined && breaker.breaker.state !== 'closed';
  }

  get hasWork(): boolean {
    return depthOf(this.lane) > 0;
  }

  /** Also while a call is in flight from before a pause: only a delivering state hears how it ends. */
  get isDue(): boolean {
    const { inbox, recovery } = this.lane;
    return this.delivery?.call !== undefined || recovery.size > 0 || inbox.due.trigger !== undefined;
  }

  get isIsolating(): boolean {
    return this.lane.recovery.isIsolating;
  }

  get mustWait(): boolean {
    return this.retryInMs > 0;
  }

  get warmUpTimeoutMs(): number {
    return this.lane.inbox.limits.warmUpTimeoutMs;
  }

  get dueInMs(): number {
    return this.lane.inbox.due.inMs(oldestAcceptedAt(this.lane));
  }

  get retryInMs(): number {
    const { recovery } = this.lane;
    return Math.max(recovery.size === 0 ? 0 : this.until(recovery.retryAt), this.coolDownInMs);
  }

  get coolDownInMs(): number {
    return this.until(probeAt(this.lane));
  }

  get drainInMs(): number {
    return this.until(this.orders.drainAt);
  }

  get closeInMs(): number {
    return Math.max(CLOSE_MS_MIN, this.drainInMs);
  }

  warmUp(): void {
    const work: Work = {};
    this.work = work;
    this.callWarmUp(work).then(
      () => this.ended(work, { type: 'warmUp.finished' }),
      (error) => this.ended(work, { type: 'warmUp.failed', error }),
    );
  }

  close(): void {
    const work: Work = {};
    this.work = work;
    void this.callClose(work).then(() => this.ended(work, { type: 'close.finished' }));
  }

  endWork(): void {
    const { controller } = this.work ?? {};
    this.work = undefined;
    if (controller !== undefined) this.lane.services.bus.changes.tellAfterwards(() => controller.abort());
  }

  deliver(mode: DeliveryMode): void {
    this.delivery ??= new Delivery(this.lane, this.channel, this);
    this.delivery.start(mode);
  }

  hold(): void {
    this.delivery?.hold();
  }

  private async callWarmUp(work: Work): Promise<void> {
    // Not before the transition has ended: what the host does here may stop the channel.
    await Promise.resolve();
    if (this.work === work) await this.channel.warmUp?.(this.contextOf(work));
  }

  /** Never beside a call that has not settled: `close` may free what that call uses. */
  private async callClose(work: Work): Promise<void> {
    await this.delivery?.whenSettled();
    try {
      if (this.work === work) await this.channel.close?.(this.contextOf(work));
    } catch (error) {
      this.lane.services.bus.fault('close', error, this.lane.channel);
    }
  }

  /** What went well has no signal that aborts. */
  private ended(work: Work, event: ChannelEvent): void {
    work.controller = undefined;
    if (this.work === work) this.send(event);
  }

  private until(at: number): number {
    return Math.max(0, at - this.lane.services.clock.now());
  }

  private contextOf(work: Work): LifeContext {
    const { channel, id, services } = this.lane;
    const logger = services.logger.child({ channel: id });
    const emit = (event: unknown): void => services.bus.publish('event', { channel, event });
    work.controller = new AbortController();
    return { rules: this.lane.inbox.limits.eventRules, signal: work.controller.signal, logger, emit };
  }
}
