import type { AnyActorRef } from 'xstate';
import type { ChannelEvent } from '../../machines/channel.ts';
import { RestartLimit } from '../core/restart-limit.ts';
import type { Delivery } from './delivery.ts';
import { NO_RETURNS, partOfStop, returnEnded, withUnsettled, withWaiting } from './hand-back.ts';
import { depthOf, Lane, publishGaps } from './lane.ts';
import type { LaneOwner } from './lane-owner.ts';
import { checkWaiting } from './late-check.ts';
import { Life } from './life.ts';
import type { AnyChannel } from './processing-channel.ts';
import { StateLog } from './state-log.ts';
import { unchecked, type Validate } from './validator.ts';
import { ensureStack } from './xstate-internals.ts';

/** Supervises one partition of a channel: its lane, its state, and the life in it now, if there is one. */
export class Partition {
  /** What waits, what failed and the counts: it outlives every life. */
  readonly lane: Lane;
  readonly inbox: Lane['inbox'];
  readonly id: string;
  readonly counters: Readonly<Lane['counters']>;
  /** Undefined: it never failed. */
  restarts: RestartLimit | undefined = undefined;
  /** What it hands back when it ends. */
  returns: Readonly<typeof NO_RETURNS> = NO_RETURNS;
  /** Its state, and where its time goes. */
  readonly log: StateLog;
  private life: Life | undefined = undefined;
  private starter: { warmed(started: Partition): void } | undefined = undefined;
  /** By an operator. */
  isHeld = false;
  /** A reload is about to put another in its place. */
  isReplaced = false;
  drainAt = 0;

  constructor(owner: LaneOwner, partition: number | undefined) {
    this.lane = new Lane(owner, partition);
    ({ inbox: this.inbox, id: this.id, counters: this.counters } = this.lane);
    this.log = new StateLog(owner.services.clock);
  }

  /** The name of its state; without a life, why it has none. */
  get state(): string {
    return this.log.state;
  }

  /** It is in a state in which batches are delivered as they come. */
  get canDeliver(): boolean {
    return this.state === 'idle' || this.state === 'buffering' || this.state === 'flushing';
  }

  get isAlive(): boolean {
    return this.life !== undefined;
  }

  /** Undefined: its life has delivered nothing yet. */
  get delivery(): Delivery | undefined {
    return this.life?.delivery;
  }

  get isPaused(): boolean {
    return this.isHeld || this.isReplaced;
  }

  /** How many messages wait. */
  get depth(): number {
    return depthOf(this.lane);
  }

  /** How many messages `process` has now, and the messages themselves. */
  get inFlight(): number {
    return this.delivery?.inFlight ?? this.returns.unsettledCount;
  }

  get batch(): readonly unknown[] {
    return this.delivery?.batch ?? this.returns.unsettledMessages;
  }

  /** How full its mailbox is, from 0 to 1. */
  get fullness(): number {
    return this.inbox.mailbox.size / this.inbox.mailbox.capacity;
  }

  /** `restarts`, made when they are first needed: most partitions never fail. */
  ensureRestarts(): RestartLimit {
    this.restarts ??= new RestartLimit();
    return this.restarts;
  }

  /** No instance could be made for a life. While the router serves, messages wait for the next one. */
  startFailed(error: unknown, isServing: boolean): void {
    if (isServing && !this.inbox.isOpen) this.inbox.open(unchecked);
    this.enter('failed', 'constructor', error);
  }

  /** Begins a life with a new instance, under a parent that hears of its end; the starter hears once it is warm. */
  start(parent: AnyActorRef, channel: AnyChannel, validate: Validate | undefined, starter: Partition['starter']): void {
    if (this.inbox.open(validate)) checkWaiting(this.inbox);
    this.starter = starter;
    this.life = new Life(this.lane, channel, this, parent);
    this.life.start();
  }

  /** The statechart of its life has come to a state. */
  entered(to: string, cause: string, error: unknown): void {
    const from = this.state;
    if (to === from) return;
    this.enter(to, cause, error);
    if (from === 'warming' && to !== 'failed' && to !== 'stopped' && to !== 'closing') this.starter?.warmed(this);
  }

  /** The actor ended. A life that failed gives back what it had in flight; after a stop that stays unsettled. */
  abandon(isFailure: boolean): void {
    const { delivery } = this;
    delivery?.abandon(isFailure);
    if (delivery !== undefined) this.returns = withUnsettled(this.returns, delivery.call);
    this.life = undefined;
  }

  /** Its life ends at once; what is in flight stays unsettled. */
  abandonNow(): void {
    partOfStop(this.lane, () => this.send({ type: 'channel.abandon' }));
    partOfStop(this.lane, () => this.abandon(false));
  }

  /** No life is left. `keeps`: what waits stays, for a channel of that name to come back; else it is handed back. */
  stop(keeps: boolean): void {
    partOfStop(this.lane, () => this.inbox.close());
    if (!keeps) this.handBack();
    if (this.state === 'stopped') return;
    // What it failed with is still why it does not serve.
    const { cause, error } = this.state === 'failed' ? this.log : { cause: 'router.stop', error: undefined };
    partOfStop(this.lane, () => this.enter('stopped', cause, error));
  }

  /** Hands back what waits, in order. */
  handBack(): void {
    this.returns = withWaiting(this.returns, this.lane);
    partOfStop(this.lane, () => void publishGaps(this.lane));
  }

  /** Hands back what waits and came in a stay of a source that has ended. */
  returnEnded(): void {
    this.lane.services.bus.changes.during(() => returnEnded(this.lane));
    // Nothing waits, so the statechart need not: for a full batch, or, when it drains, for the next attempt.
    if (this.state === 'buffering' && this.inbox.mailbox.size === 0) this.send({ type: 'batch.flush' });
    if (this.state === 'draining' && this.depth + this.inFlight === 0) this.send({ type: 'delivery.quieted' });
  }

  /** Nothing more is taken in, and what is not delivered by then is handed back. */
  closeInbox(drainAt: number): void {
    // One that is being taken out ends by the deadline it was given: its timers are set.
    if (this.inbox.isOpen) this.drainAt = drainAt;
    partOfStop(this.lane, () => this.inbox.close());
  }

  /** Brings an event to the statechart; nobody hears it while there is no life. */
  send(event: ChannelEvent): void {
    const { life } = this;
    if (life !== undefined) this.lane.services.bus.changes.during(() => life.send(event));
  }

  /** An exception broke off whatever ran: what it left half done is failed, and what sleeps is woken. */
  breakOff(error: unknown): void {
    const { life } = this;
    if (life === undefined) return;
    if (life.breakOff()) this.send({ type: 'call.hung', error });
    else if (this.canDeliver && this.state !== 'flushing' && this.inbox.mailbox.size > 0) this.wake();
    life.delivery?.requestTurn();
  }

  /** New limits: they hold from the next batch. */
  reconfigure(config: LaneOwner['config']): void {
    this.inbox.reconfigure(config);
    this.delivery?.reconfigure();
    this.watchInbox(this.state);
    this.inbox.admitOffers();
    this.inbox.offers.wakeStreams();
    this.send({ type: 'channel.reconfigured' });
  }

  /**
   * An operator holds it, or lets it go on, which outlives restarts; or a reload is about to replace it, or no longer is. No
   * batch begins and no life, but messages are taken in.
   */
  pause(isHeld: boolean, isReplaced = this.isReplaced): void {
    this.isHeld = isHeld;
    this.isReplaced = isReplaced;
    this.send({ type: this.isPaused ? 'channel.pause' : 'channel.resume' });
  }

  /** Its life closes by then, for a successor. */
  close(drainAt: number): void {
    this.drainAt = drainAt;
    this.send({ type: 'channel.drain' });
  }

  /** It delivers what waits until the deadline that `closeInbox` was given. */
  drain(): void {
    this.lane.hurry(this.drainAt);
    this.send({ type: 'channel.drain' });
  }

  /** An operator ends every wait for another attempt or a probe. */
  endWaits(): void {
    this.lane.endWaits();
    this.send({ type: 'wait.shortened' });
  }

  /** Everything that waits is due now. */
  flush(): void {
    this.endWaits();
    this.inbox.due.request();
    this.send({ type: 'batch.flush' });
    this.delivery?.requestTurn();
  }

  /** The state waits for the first message, or for a full batch: its statechart hears of it, and what is due goes out. */
  private watchInbox(state: string): void {
    if (state === 'idle') this.inbox.wakeWhen(1, this);
    else if (state === 'buffering') this.inbox.wakeWhen(this.inbox.limits.batchSize, this);
    else if (state === 'tripped' && this.lane.press(this)) this.send({ type: 'wait.shortened' });
  }

  /** The inbox has what the state waits for. */
  wake(): void {
    if (this.state === 'tripped') return this.watchInbox(this.state);
    // If a stack that is nearly used up ended in the middle of what follows, nobody would be woken again.
    ensureStack();
    this.inbox.sleep();
    this.send({ type: this.state === 'idle' ? 'message.waiting' : 'batch.full' });
    this.lane.clock.read(); // A transition takes a while.
    this.delivery?.wake();
  }

  private enter(to: string, cause: string, error: unknown): void {
    const from = this.state;
    this.log.enter(to, cause, error);
    if (from === 'idle' || from === 'buffering' || from === 'tripped') this.inbox.sleep();
    this.watchInbox(to);
    this.lane.services.bus.publishAfterwards('channel.entered', { channel: this.id, from, to, cause, error });
  }
}
