import { type ActorRefFrom, type AnyActorRef, createActor } from 'xstate';
import { type ChannelEvent, channelMachine } from '../../machines/channel.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { Counter } from '../core/counters.ts';
import { isFrom, type Origin, type Origins } from '../core/origin.ts';
import { stateName } from '../facts/chart-words.ts';
import { handBack } from './hand-back.ts';
import type { Inbox } from './inbox.ts';
import { createLane, depthOf, type Lane, type LaneOptions, probeAt, waitingIn } from './lane.ts';
import { Life } from './life.ts';
import type { PartitionView } from './partition-view.ts';
import type { AnyChannel } from './processing-channel.ts';
import { Restarts } from './restarts.ts';
import { StateLog } from './state-log.ts';
import { validatorOf } from './validator.ts';
import { forgetOptions } from './xstate-internals.ts';

const NO_MESSAGES: readonly unknown[] = Object.freeze([]);

/** Supervises one partition of a channel: its lane, its state, and the life in it now, if there is one. */
export class Partition {
  /** What waits, what failed and the counts: it outlives every life. */
  readonly lane: Lane;
  readonly inbox: Inbox;
  readonly restarts: Restarts;
  private readonly log: StateLog;
  private config: ChannelConfig;
  private life: Life | undefined = undefined;
  private actor: ActorRefFrom<typeof channelMachine> | undefined = undefined;
  private isHeld = false;
  private isBeingReplaced = false;
  private drainBy = 0;
  private returned = NO_MESSAGES;
  private unsettled = NO_MESSAGES;
  private unsettledCount = 0;

  constructor(options: LaneOptions) {
    this.config = options.config;
    this.lane = createLane(options);
    this.inbox = this.lane.inbox;
    this.log = new StateLog(options.services.clock);
    this.restarts = new Restarts(this.lane);
  }

  get id(): string {
    return this.lane.id;
  }

  get priority(): number {
    return this.config.priority;
  }

  /** The name of its state; without a life, why it has none. */
  get state(): string {
    return this.log.stay.state;
  }

  /** It is in a state in which batches are delivered as they come. */
  get canDeliver(): boolean {
    return this.state === 'idle' || this.state === 'buffering' || this.state === 'flushing';
  }

  get isAlive(): boolean {
    return this.life !== undefined;
  }

  /** A reload is about to put another in its place. */
  get isReplaced(): boolean {
    return this.isBeingReplaced;
  }

  get isPaused(): boolean {
    return this.isHeld || this.isBeingReplaced;
  }

  get drainAt(): number {
    return this.drainBy;
  }

  get depth(): number {
    return depthOf(this.lane);
  }

  /** How many messages `process` has now, and the messages themselves. */
  get inFlight(): number {
    return this.life?.delivery.inFlight ?? this.unsettledCount;
  }

  get batch(): readonly unknown[] {
    return this.life?.delivery.batch ?? this.unsettled;
  }

  /** What `stop` hands back to the host, in order; a message with an origin goes back there instead. */
  get returnedMessages(): readonly unknown[] {
    return this.returned;
  }

  /** What was in flight in a call that never settled; as above. */
  get unsettledMessages(): readonly unknown[] {
    return this.unsettled;
  }

  /** A reading of this moment for reports. */
  get view(): PartitionView {
    const { recovery } = this.lane;
    const { delivery } = this.life ?? {};
    return {
      ...this.log.stay,
      ...waitingIn(this.lane),
      inFlight: this.inFlight,
      callStartedAt: delivery !== undefined && this.inFlight > 0 ? this.lane.times.startedAt : undefined,
      queuedAt: delivery?.queuedAt,
      retryAt: recovery.retryAt,
      probeAt: probeAt(this.lane, this.config),
      drainAt: this.drainBy,
      restartAt: this.restarts.at,
      isGivenUp: this.restarts.isGivenUp,
      isReplaced: this.isBeingReplaced,
      lastError: recovery.lastError,
      spentMs: this.log.spentMs,
    };
  }

  /** A message of this origin waits here, is in flight, or waits for room. */
  holds(origin: Origin): boolean {
    const { inbox, recovery } = this.lane;
    const isHere = (origins: Origins | undefined): boolean => origins?.some((each) => isFrom(each, origin)) === true;
    return isHere(this.life?.delivery.call?.origins) || recovery.origins.some(isHere) || isHere(inbox.allOrigins);
  }

  /**
   * Begins a life: makes an instance and starts its actor under `parent`, which hears of its end; `warmed` is called once
   * it is warm. False: no instance could be made.
   */
  start(parent: AnyActorRef, makeInstance: () => AnyChannel, warmed: () => void): boolean {
    let channel: AnyChannel;
    try {
      channel = makeInstance();
      this.inbox.open(validatorOf(channel));
    } catch (error) {
      this.enter('failed', 'constructor', error);
      return false;
    }
    const life = new Life(this.lane, this.config, channel, this, (event) => actor.send(event));
    const actor = createActor(channelMachine, { id: this.id, parent, input: { port: () => life } });
    this.life = life;
    this.actor = actor;
    actor.subscribe({
      next: ({ value, context }) => {
        const from = this.state;
        const to = stateName(value);
        if (to === from) return;
        this.enter(to, context.cause, context.error);
        if (from === 'warming' && to !== 'failed' && to !== 'stopped' && to !== 'closing') warmed();
      },
      error: (error) => this.enter('failed', 'crash', error),
    });
    actor.start();
    forgetOptions(actor);
    return true;
  }

  /** The actor ended. A life that failed gives back what it had in flight; after a stop that stays unsettled. */
  abandon(isFailure: boolean): void {
    this.life?.delivery.abandon(isFailure);
    this.unsettledCount = this.inFlight;
    this.unsettled = handBack(this.batch, this.life?.delivery.call?.origins, 'unsettled');
    this.life = undefined;
    this.actor = undefined;
  }

  /** No life is left: hands back what waits, in order. */
  stop(): void {
    const { counters, inbox, recovery } = this.lane;
    inbox.close();
    const left = [...recovery.takeAll(), inbox.drain()];
    for (const { messages } of left) counters[Counter.returned] += messages.length;
    this.returned = left.flatMap(({ messages, origins }) => handBack(messages, origins, 'returned'));
    inbox.publishGaps();
    if (this.state === 'stopped') return;
    // What it failed with is still why it does not serve.
    const { cause, error, state } = this.log.stay;
    if (state === 'failed') this.enter('stopped', cause, error);
    else this.enter('stopped', 'router.stop', undefined);
  }

  /** Nothing more is taken in, and what is not delivered by then is handed back. */
  closeInbox(drainAt: number): void {
    // One that is being taken out ends by the deadline it was given: its timers are set.
    if (this.inbox.isOpen) this.drainBy = drainAt;
    this.inbox.close();
  }

  /** Brings an event to the statechart; nobody hears it while there is no life. */
  send(event: ChannelEvent): void {
    this.actor?.send(event);
  }

  /** It failed, and is started again or given up; returns what went wrong. */
  noteFailure(): unknown {
    this.restarts.noteFailure(this.config, this.log.stay);
    return this.log.stay.error;
  }

  /** It is about to be started again. */
  noteRestart(): void {
    this.restarts.noteRestart(this.config);
  }

  /** New limits: they hold from the next batch. */
  reconfigure(config: ChannelConfig): void {
    this.config = config;
    this.life?.reconfigure(config);
    this.watchInbox(this.state);
    this.inbox.reconfigure(config);
    this.send({ type: 'channel.reconfigured' });
  }

  /** An operator holds it, or lets it go on; outlives restarts. */
  pause(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.send({ type: isHeld ? 'channel.pause' : 'channel.resume' });
  }

  /** A reload is about to replace it, or no longer is: no batch begins and no life, but messages are taken in. */
  expectReplacement(isReplaced: boolean): void {
    this.isBeingReplaced = isReplaced;
    this.send({ type: isReplaced ? 'channel.pause' : 'channel.resume' });
  }

  /** Its life closes by then, for a successor. */
  close(drainAt: number): void {
    this.drainBy = drainAt;
    this.send({ type: 'channel.drain' });
  }

  /** Goes on as this one before a reload did. */
  takeOver({ isHeld }: Partition): void {
    this.isHeld = isHeld;
  }

  /** Everything that waits is due now. */
  flush(): void {
    this.inbox.requestFlush();
    this.send({ type: 'batch.flush' });
  }

  /** Resolves when `process` has nothing, or nobody will know any more. */
  whenSettled(): Promise<void> {
    return this.life?.delivery.whenSettled() ?? Promise.resolve();
  }

  /** From now on the view's `spentMs` says where the time goes. */
  countTimes(): void {
    this.log.restart();
  }

  /** The state waits for the first message, or for a full batch: its statechart hears of it, and what is due goes out. */
  private watchInbox(state: string): void {
    if (state === 'idle') this.inbox.wakeWhen(1, this);
    else if (state === 'buffering') this.inbox.wakeWhen(this.config.batchSize, this);
  }

  /** The inbox has what the state waits for. */
  wake(): void {
    this.inbox.sleep();
    this.send({ type: this.state === 'idle' ? 'message.waiting' : 'batch.full' });
    // A transition takes a while.
    this.lane.services.scheduler.clock.read();
    this.life?.delivery.wake();
  }

  private enter(to: string, cause: string, error: unknown): void {
    const from = this.state;
    this.log.enter(to, cause, error);
    if (from === 'idle' || from === 'buffering') this.inbox.sleep();
    this.watchInbox(to);
    this.lane.services.bus.publish('channel.entered', { channel: this.id, from, to, cause, error });
  }
}
