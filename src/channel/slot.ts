import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import type { Edge } from '../core/channel-port.ts';
import { Counter, createCounters } from '../core/counters.ts';
import { type Gap, GapLog } from '../core/gap-log.ts';
import type { Histogram } from '../core/histogram.ts';
import { Mailbox } from '../core/mailbox.ts';
import { ACCEPTED, type Outcome, REJECTED, type RejectReason } from '../core/outcome.ts';
import { Overflow } from '../core/overflow.ts';
import { Recovery } from '../core/recovery.ts';
import type { Trigger } from '../core/trigger.ts';
import type { Turns } from '../core/turns.ts';
import type { Call } from './call.ts';
import type { Validate } from './validator.ts';
import { WaitingOffers } from './waiting-offers.ts';
import type { Shared, World } from './world.ts';

/** No mailbox is so deep; a small integer, because it is compared with for each message. */
const NEVER = 2 ** 30;

/**
 * The data plane of one partition: its door, its mailbox, its counts. It belongs to the router, not to the channel's
 * actor: when that crashes and is started again, everything here is still there.
 */
export class Slot {
  readonly id: string;
  readonly world: World;
  readonly turns: Turns;
  readonly counters = createCounters();
  readonly mailbox: Mailbox;
  readonly recovery = new Recovery();
  readonly gaps: GapLog;
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly breaker: Breaker | undefined;
  config: ChannelConfig;
  validate: Validate | undefined = undefined;
  /** Messages are taken in. */
  isOpen = false;
  /** While so many wait, one more is just pushed: the door is open, there is room, and nothing to check or to time. */
  private simpleFrom = 0;
  private simpleBelow = 0;
  isPaused = false;
  /** A reload is about to replace its channel: no batch begins and no life. */
  isRetiring = false;
  /** Its channel is in a state that delivers. */
  canDeliver = false;
  drainBy = 0;
  /** When the next attempt is due, and until when the sink itself asked not to be tried, on the clock. */
  retryAt = 0;
  askedUntil = 0;
  /** How often its breaker had opened when this slot last brought a probe. */
  probedIn = Number.NEGATIVE_INFINITY;
  /** The call of `process` that is out. */
  call: Call | undefined = undefined;
  /** Serves again and again, as long as it is plain to its end. */
  plainCall: Call | undefined = undefined;
  /** When the last call began, on the clock, and when its oldest message was accepted; NaN before the first. */
  startedAt = Number.NaN;
  startedWith = Number.NaN;
  /** The stay of the breaker that admitted the call that is out; the breaker's own. */
  epoch = -1;
  private edge: Edge = 'none';
  private watchedDepth = NEVER;
  /** Is told of each message that makes a batch full, or of any. */
  private watcher: { depthReached(): void } | undefined;
  private readonly overflow: Overflow;
  private readonly keyOf: (message: unknown) => string;
  readonly offers = new WaitingOffers();
  private readonly settledWaiters: (() => void)[] = [];
  /** So many of the oldest messages are due by request. */
  flushLeft = 0;

  constructor(id: string, config: ChannelConfig, world: World, shared: Shared) {
    this.id = id;
    this.config = config;
    this.world = world;
    this.turns = world.turns;
    this.mailbox = new Mailbox(config.capacity);
    this.gaps = new GapLog(config.name);
    this.breaker = shared.breaker;
    this.processing = shared.processing;
    this.queueing = shared.queueing;
    this.keyOf = shared.keyOf;
    this.overflow = new Overflow(this.mailbox, config.overflow, shared.keyOf, (reason, key, sequence) => {
      this.counters[reason === 'conflated' ? Counter.conflated : Counter.dropped] += 1;
      this.gaps.add(reason, key, sequence);
    });
  }

  /** Everything that waits: new messages, and those that failed and come again. */
  get depth(): number {
    return this.mailbox.size + this.recovery.size;
  }

  /** When the oldest waiting message was accepted; Infinity when none waits. */
  get oldestAcceptedAt(): number {
    return Math.min(this.mailbox.oldestAcceptedAt, this.recovery.oldestAcceptedAt ?? Number.POSITIVE_INFINITY);
  }

  /** Takes over new limits; a batch in flight keeps those it began with. */
  reconfigure(config: ChannelConfig): void {
    this.config = config;
    this.mailbox.capacity = config.capacity;
    this.overflow.policy = config.overflow;
    this.simpleBelow = 0;
    this.watch(this.edge);
    this.admitWaiters();
  }

  /** Calls back for each message that makes a batch full, or for any; one watcher at a time. */
  watch(edge: Edge, watcher = this.watcher): void {
    this.edge = edge;
    this.watchedDepth = edge === 'full' ? this.config.batchSize : edge === 'first' ? 1 : NEVER;
    this.watcher = watcher;
  }

  /** The breaker is open and `whenTripped` says reject. Once it has cooled down, somebody has to bring the probes. */
  private isShut(): boolean {
    return this.config.whenTripped === 'reject' && (this.breaker?.coolDownLeftMs() ?? 0) > 0;
  }

  /** From now on messages are taken in, and checked by this. */
  openDoor(validate: Validate | undefined): void {
    this.isOpen = true;
    this.validate = validate;
    this.simpleBelow = 0;
  }

  /**
   * Takes a message in or says why not; `isRaw`: it is not a payload yet and is checked. `key`: if it was read already.
   * Never throws.
   */
  accept(message: unknown, isRaw = true, key?: string): Outcome {
    const { counters, mailbox, turns } = this;
    const { size } = mailbox;
    if (size < this.simpleFrom || size >= this.simpleBelow || !turns.isFresh()) return this.check(message, isRaw, key);
    const sequence = counters[Counter.accepted] + 1;
    mailbox.push(message, turns.now, sequence);
    counters[Counter.accepted] = sequence;
    if (mailbox.size >= this.watchedDepth) this.watcher?.depthReached();
    return ACCEPTED;
  }

  private check(message: unknown, isRaw: boolean, key: string | undefined): Outcome {
    if (!this.isOpen) return this.reject('not-running', message);
    if (this.isShut()) return this.reject('tripped', message);
    let payload = message;
    try {
      if (isRaw && this.validate !== undefined) payload = this.validate(message);
    } catch (error) {
      const outcome = this.reject('invalid', message);
      this.world.keepDeadLetter(this.config.name, 'invalid', message, error, 0);
      return outcome;
    }
    return this.admit(payload, message, key);
  }

  private admit(payload: unknown, message: unknown, known: string | undefined): Outcome {
    const { config, counters, mailbox, turns } = this;
    if (mailbox.size === 0 && config.batchSize > 1) turns.read();
    else turns.glance(1);
    const sequence = counters[Counter.accepted] + 1;
    const isChecked = this.validate !== undefined;
    const isConflated = config.overflow === 'conflate';
    // A payload may show its key no more. Without a check it is the message itself, which can be asked whenever need be.
    const key = isChecked || isConflated ? (known ?? this.keyOf(message)) : undefined;
    if (!this.overflow.admit(payload, key, turns.now, sequence)) return this.reject('mailbox-full', message);
    counters[Counter.accepted] = sequence;
    // The wait of a batch counts from its first message: that one is never stamped with a reading from before.
    this.simpleFrom = config.batchSize > 1 ? 1 : 0;
    this.simpleBelow = isChecked || isConflated || config.whenTripped === 'reject' ? 0 : mailbox.capacity;
    if (mailbox.size >= this.watchedDepth) this.watcher?.depthReached();
    return ACCEPTED;
  }

  /** As `accept`, but waits for room, in order of asking. An abort takes the offer back: it was never received. */
  offer(message: unknown, signal?: AbortSignal, key?: string): Outcome | Promise<Outcome> {
    const mustWait = this.isOpen && (this.mailbox.isFull || this.offers.size > 0);
    return mustWait && !this.isShut() ? this.offers.add(message, signal, key) : this.accept(message, true, key);
  }

  /** Takes over a message that waited in another slot. */
  receive(message: unknown, key: string | undefined, acceptedAt: number, sequence: number): void {
    this.overflow.place(message, key, acceptedAt, sequence);
  }

  /** The messages `process` has now. */
  get batch(): readonly unknown[] {
    return this.call?.messages ?? [];
  }

  /** All messages of the batch have left it. */
  endBatch(): void {
    if (this.call?.isPlain === true) this.call.empty();
    else this.plainCall = undefined;
    this.call = undefined;
    if (this.settledWaiters.length > 0) this.tellSettled();
  }

  private tellSettled(): void {
    for (const resolve of this.settledWaiters.splice(0)) resolve();
  }

  /** Resolves when `process` has nothing, or nobody will know any more. */
  whenSettled(): Promise<void> {
    if (this.call === undefined) return Promise.resolve();
    return new Promise((resolve) => void this.settledWaiters.push(resolve));
  }

  /** Room was made, or the door was closed: lets waiting offers in, oldest first. */
  admitWaiters(): void {
    while (this.offers.size > 0 && !(this.isOpen && this.mailbox.isFull)) {
      const offer = this.offers.shift();
      offer?.answer(this.accept(offer.message, true, offer.key));
    }
  }

  /** From now on every message is refused as `not-running`. */
  closeDoor(): void {
    this.isOpen = false;
    this.simpleBelow = 0;
    this.admitWaiters();
  }

  /** Everything accepted so far is due now. */
  requestFlush(): void {
    this.flushLeft = this.mailbox.size;
  }

  /** Why a batch of new messages is due; undefined: none is. */
  dueTrigger(): Trigger | undefined {
    const { size } = this.mailbox;
    if (size === 0) return undefined;
    return size >= this.config.batchSize ? 'size' : this.dueBeforeFull();
  }

  private dueBeforeFull(): Trigger | undefined {
    if (this.flushLeft > 0) return 'request';
    return this.world.clock.now() - this.mailbox.oldestAcceptedAt >= this.config.timeoutMs ? 'age' : undefined;
  }

  emit(event: unknown): void {
    this.world.bus.publish('event', { channel: this.config.name, event });
  }

  countLate(): void {
    this.counters[Counter.late] += 1;
  }

  /** The end: hands back all that still waits, in order, and releases the buffers. */
  release(): readonly unknown[] {
    const messages = [...this.recovery.takeAll().flatMap((segment) => segment.messages), ...this.mailbox.drain()];
    this.counters[Counter.returned] += messages.length;
    this.tellSettled();
    this.publishGaps();
    return messages;
  }

  publishGaps(): readonly Gap[] {
    const gaps = this.gaps.take();
    for (const gap of gaps) this.world.bus.publish('message.dropped', gap);
    return gaps;
  }

  private reject(reason: Exclude<RejectReason, 'unknown-type'>, message: unknown): Outcome {
    this.counters[Counter.rejected] += 1;
    this.counters[Counter[reason]] += 1;
    this.world.bus.publish('message.rejected', { channel: this.config.name, reason, message });
    return REJECTED[reason];
  }
}
