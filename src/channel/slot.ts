import type { ChannelConfig } from '../config/schema.ts';
import { RetryBudget } from '../core/backoff.ts';
import type { Breaker } from '../core/breaker.ts';
import type { Edge } from '../core/channel-port.ts';
import { Counter, createCounters } from '../core/counters.ts';
import { GapLog } from '../core/gap-log.ts';
import type { Histogram } from '../core/histogram.ts';
import { Mailbox } from '../core/mailbox.ts';
import { ACCEPTED, type Outcome, REJECTED, type RejectReason } from '../core/outcome.ts';
import { Overflow } from '../core/overflow.ts';
import { Recovery, type Segment } from '../core/recovery.ts';
import type { Trigger } from '../core/trigger.ts';
import { Call } from './call.ts';
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
  readonly counters = createCounters();
  readonly mailbox: Mailbox;
  readonly recovery = new Recovery();
  readonly gaps: GapLog;
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly breaker: Breaker | undefined;
  readonly retryBudget: RetryBudget;
  config: ChannelConfig;
  validate: Validate | undefined = undefined;
  /** Messages are taken in. */
  isOpen = false;
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
  /** When the last call began, on the clock, and when its oldest message was accepted; NaN before the first. */
  startedAt = Number.NaN;
  startedWith = Number.NaN;
  /** The stay of the breaker that admitted the call that is out; the breaker's own. */
  epoch = -1;
  #edge: Edge = 'none';
  #watchedDepth = NEVER;
  /** Is told of each message that makes a batch full, or of any. */
  #watcher: { depthReached(): void } | undefined;
  readonly #overflow: Overflow;
  readonly #offers = new WaitingOffers();
  readonly #settledWaiters: (() => void)[] = [];
  /** So many of the oldest messages are due by request. */
  #flushLeft = 0;

  constructor(id: string, config: ChannelConfig, world: World, shared: Shared) {
    this.id = id;
    this.config = config;
    this.world = world;
    this.mailbox = new Mailbox(config.capacity);
    this.gaps = new GapLog(config.name);
    this.breaker = shared.breaker;
    this.processing = shared.processing;
    this.queueing = shared.queueing;
    this.retryBudget = new RetryBudget(config.retry.budget, world.clock);
    this.#overflow = new Overflow(this.mailbox, config.overflow, shared.keyOf, (reason, key, sequence) => {
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
    this.#overflow.policy = config.overflow;
    this.retryBudget.budget = config.retry.budget;
    this.watch(this.#edge);
    this.admitWaiters();
  }

  /** Calls back for each message that makes a batch full, or for any; one watcher at a time. */
  watch(edge: Edge, watcher = this.#watcher): void {
    this.#edge = edge;
    this.#watchedDepth = edge === 'full' ? this.config.batchSize : edge === 'first' ? 1 : NEVER;
    this.#watcher = watcher;
  }

  /** The breaker is open and `whenTripped` says reject. Once it has cooled down, somebody has to bring the probes. */
  #isShut(): boolean {
    return this.config.whenTripped === 'reject' && (this.breaker?.coolDownLeftMs() ?? 0) > 0;
  }

  /** Takes a message in or says why not; `isRaw`: it is not a payload yet and is checked. Never throws. */
  accept(message: unknown, isRaw = true): Outcome {
    this.counters[Counter.received] += 1;
    const mustCheck = (isRaw && this.validate !== undefined) || this.config.whenTripped === 'reject';
    return this.isOpen && !mustCheck ? this.#admit(message, message) : this.#check(message, isRaw);
  }

  #check(message: unknown, isRaw: boolean): Outcome {
    if (!this.isOpen) return this.#reject('not-running', message);
    if (this.#isShut()) return this.#reject('tripped', message);
    let payload = message;
    try {
      if (isRaw && this.validate !== undefined) payload = this.validate(message);
    } catch (error) {
      const outcome = this.#reject('invalid', message);
      this.world.keepDeadLetter(this.config.name, 'invalid', message, error, 0);
      return outcome;
    }
    return this.#admit(payload, message);
  }

  #admit(payload: unknown, message: unknown): Outcome {
    const { counters, mailbox } = this;
    const { turns } = this.world;
    // The wait of a batch counts from its first message: that one is never stamped with a reading from before.
    if (mailbox.size === 0 && this.config.batchSize > 1) turns.read();
    else turns.glance(1);
    const sequence = counters[Counter.accepted] + 1;
    if (mailbox.size < mailbox.capacity) mailbox.push(payload, turns.now, sequence);
    else if (!this.#overflow.admit(payload, turns.now, sequence)) return this.#reject('mailbox-full', message);
    counters[Counter.accepted] = sequence;
    const depth = mailbox.size;
    if (depth > counters[Counter.depthMax]) counters[Counter.depthMax] = depth;
    if (depth >= this.#watchedDepth) this.#watcher?.depthReached();
    return ACCEPTED;
  }

  /** As `accept`, but waits for room, in order of asking. An abort takes the offer back: it was never received. */
  offer(message: unknown, signal?: AbortSignal): Outcome | Promise<Outcome> {
    const mustWait = this.isOpen && (this.mailbox.isFull || this.#offers.size > 0);
    return mustWait && !this.#isShut() ? this.#offers.add(message, signal) : this.accept(message);
  }

  /** Hands offers that wait to the slots that now serve them. */
  moveWaiters(slotFor: (message: unknown) => Slot): void {
    const slots = new Set<Slot>();
    this.#offers.moveTo((message) => {
      const slot = slotFor(message);
      slots.add(slot);
      return slot.#offers;
    });
    for (const slot of slots) slot.admitWaiters();
  }

  /** The messages `process` has now. */
  get batch(): readonly unknown[] {
    return this.call?.messages ?? [];
  }

  /** Begins the next call: what failed before goes first, cut to what the breaker allows. */
  begin(trigger: Trigger): Call {
    const { breaker, config, counters, gaps, mailbox, recovery } = this;
    const limit = breaker === undefined || breaker.isCalm ? config.batchSize : breaker.batchLimit(config.batchSize);
    const held = recovery.size === 0 ? undefined : recovery.take(limit);
    const count = held === undefined ? Math.min(limit, mailbox.size) : held.messages.length;
    this.startedAt = this.world.turns.now;
    this.startedWith = held === undefined ? mailbox.oldestAcceptedAt : held.acceptedAt;
    if (breaker !== undefined) breaker.callStarted(this);
    if (held === undefined) this.#noteWaits(count);
    const only = held === undefined && count === 1 ? mailbox.shift() : undefined;
    const several = held === undefined ? (count === 1 ? undefined : mailbox.take(count)) : held.messages;
    const call = new Call(this, several, only, held, trigger, gaps.take());
    this.call = call;
    counters[Counter.inFlight] += count;
    counters[Counter.calls] += 1;
    if (held !== undefined) {
      counters[Counter.retries] += 1;
      // Trials and the search for poison have bounds of their own.
      if (trigger !== 'probe' && !held.isSplit) this.retryBudget.spend();
    }
    // Spelt out for the one that comes most: to look a counter up by a changing name costs more than the rest.
    else if (trigger === 'size') counters[Counter.size] += 1;
    else counters[Counter[trigger]] += 1;
    if (call.gaps.length > 0) this.publishGaps(call.gaps);
    this.admitWaiters();
    return call;
  }

  /** So many messages leave for their first call. */
  #noteWaits(count: number): void {
    const { mailbox, queueing, startedAt } = this;
    for (let offset = 0; offset < count; offset += 1) queueing.record(startedAt - mailbox.acceptedAtOf(offset));
    if (this.#flushLeft > 0) this.#flushLeft = Math.max(0, this.#flushLeft - count);
  }

  /** All messages of the batch have left it. */
  endBatch(): void {
    this.call = undefined;
    if (this.#settledWaiters.length > 0) for (const resolve of this.#settledWaiters.splice(0)) resolve();
  }

  /** Resolves when `process` has nothing, or nobody will know any more. */
  whenSettled(): Promise<void> {
    if (this.call === undefined) return Promise.resolve();
    return new Promise((resolve) => void this.#settledWaiters.push(resolve));
  }

  /** Room was made, or the door was closed: lets waiting offers in, oldest first. */
  admitWaiters(): void {
    while (this.#offers.size > 0 && !(this.isOpen && this.mailbox.isFull)) {
      const offer = this.#offers.shift();
      offer?.answer(this.accept(offer.message));
    }
  }

  /** From now on every message is refused as `not-running`. */
  closeDoor(): void {
    this.isOpen = false;
    this.admitWaiters();
  }

  /** Everything accepted so far is due now. */
  requestFlush(): void {
    this.#flushLeft = this.mailbox.size;
  }

  /** Why a batch of new messages is due; undefined: none is. */
  dueTrigger(): Trigger | undefined {
    const { size } = this.mailbox;
    if (size === 0) return undefined;
    if (size >= this.config.batchSize) return 'size';
    if (this.#flushLeft > 0) return 'request';
    return this.world.clock.now() - this.mailbox.oldestAcceptedAt >= this.config.timeoutMs ? 'age' : undefined;
  }

  emit(event: unknown): void {
    this.world.bus.publish('event', { channel: this.config.name, event });
  }

  countLate(): void {
    this.counters[Counter.late] += 1;
  }

  /** Gives messages up for good, with the reason. */
  deadLetter(segments: readonly Segment[], reason: 'failed' | 'not-retryable' | 'poison'): void {
    const count = segments.reduce((sum, { messages }) => sum + messages.length, 0);
    this.counters[Counter.deadLettered] += count;
    this.counters[Counter[reason]] += count;
    for (const { messages, error, attempts } of segments) {
      for (const message of messages) this.world.keepDeadLetter(this.config.name, reason, message, error, attempts);
    }
  }

  /** The end: hands back all that still waits, in order, and releases the buffers. */
  release(): readonly unknown[] {
    const messages = [...this.recovery.takeAll().flatMap((segment) => segment.messages), ...this.mailbox.drain()];
    this.counters[Counter.returned] += messages.length;
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
    this.publishGaps();
    return messages;
  }

  publishGaps(gaps = this.gaps.take()): void {
    for (const gap of gaps) this.world.bus.publish('message.dropped', gap);
  }

  #reject(reason: Exclude<RejectReason, 'unknown-type'>, message: unknown): Outcome {
    this.counters[Counter.rejected] += 1;
    this.counters[Counter[reason]] += 1;
    this.world.bus.publish('message.rejected', { channel: this.config.name, reason, message });
    return REJECTED[reason];
  }
}
