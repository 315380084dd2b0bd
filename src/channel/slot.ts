import type { ChannelConfig } from '../config/schema.ts';
import { RetryBudget } from '../core/backoff.ts';
import type { Breaker } from '../core/breaker.ts';
import type { Edge } from '../core/channel-port.ts';
import { Counter, createCounters } from '../core/counters.ts';
import { GapLog } from '../core/gap-log.ts';
import type { Histogram } from '../core/histogram.ts';
import { Mailbox } from '../core/mailbox.ts';
import { ACCEPTED, type Outcome, type RejectReason, rejected } from '../core/outcome.ts';
import { Overflow } from '../core/overflow.ts';
import { Recovery, type Segment } from '../core/recovery.ts';
import type { Trigger } from '../core/trigger.ts';
import type { DeadLetterReason } from '../observe/dead-letters.ts';
import type { Call } from './call.ts';
import { WaitingOffers } from './waiting-offers.ts';
import type { Shared, World } from './world.ts';

/** How much later than others a slot tries a sink that it has just tried, in ms; a constant, so that a reload changes no timer. */
const YIELD_MS = 20;
/** No mailbox is so deep; a small integer, because it is compared with for each message. */
const NEVER = 2 ** 30;
const NO_MESSAGES: readonly unknown[] = Object.freeze([]);

/** Checks and converts a message at the door; throws to refuse it. */
export type Validate = (message: unknown) => unknown;

/**
 * The data plane of one partition: its door, its mailbox, its counts. It belongs to the router, not to the channel's
 * actor: when that crashes and is started again, everything here is still there.
 */
export class Slot {
  readonly id: string;
  readonly channel: string;
  readonly world: World;
  readonly counters = createCounters();
  readonly mailbox: Mailbox;
  readonly recovery = new Recovery();
  readonly gaps: GapLog;
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly breaker: Breaker | undefined;
  readonly retryBudget: RetryBudget;
  readonly rejectedBy: Partial<Record<RejectReason, number>> = {};
  readonly deadLetteredBy: Partial<Record<DeadLetterReason, number>> = {};
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
  lastBatchAt: number | null = null;
  #edge: Edge = 'none';
  #watchedDepth = NEVER;
  #onDepth: () => void = () => {};
  readonly #overflow: Overflow;
  readonly #offers = new WaitingOffers();
  readonly #settledWaiters: (() => void)[] = [];
  /** So many of the oldest messages are due by request. */
  #flushLeft = 0;

  constructor(id: string, config: ChannelConfig, world: World, shared: Shared) {
    this.id = id;
    this.channel = config.name;
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

  /** Until the oldest message has waited `timeoutMs`. */
  get dueInMs(): number {
    return Math.max(0, this.oldestAcceptedAt + this.config.timeoutMs - this.world.clock.now());
  }

  /**
   * Until the sink may be tried: when its cool-down is over, or the longer rest that it asked for. Of several that share a
   * breaker, those come first that have not tried for longest: one that always fails would keep it open before all others.
   */
  get probeInMs(): number {
    const { breaker, config } = this;
    const isAlone = config.partitions === 1 && (config.breaker === false || config.breaker.shared === undefined);
    const yieldMs = isAlone ? 0 : YIELD_MS / Math.max(1, (breaker?.opened ?? 0) - this.probedIn);
    const openUntil = breaker === undefined || breaker.state === 'closed' ? 0 : breaker.openUntil + yieldMs;
    return Math.max(0, Math.max(this.recovery.size === 0 ? 0 : this.askedUntil, openUntil) - this.world.clock.now());
  }

  /** Calls back for each message that makes a batch full, or for any; one watcher at a time. */
  watch(edge: Edge, reached: () => void = this.#onDepth): void {
    this.#edge = edge;
    this.#watchedDepth = edge === 'full' ? this.config.batchSize : edge === 'first' ? 1 : NEVER;
    this.#onDepth = reached;
  }

  /** The breaker is open and `whenTripped` says reject. Once it has cooled down, somebody has to bring the probes. */
  #isShut(): boolean {
    return this.config.whenTripped === 'reject' && (this.breaker?.coolDownLeftMs() ?? 0) > 0;
  }

  /** Takes a message in or says why not; `isRaw`: it is not a payload yet and is checked. Never throws. */
  accept(message: unknown, isRaw = true): Outcome {
    this.counters[Counter.received] += 1;
    if (!this.isOpen) return this.#reject('not-running', message);
    if (this.#isShut()) return this.#reject('tripped', message);
    return isRaw && this.validate !== undefined
      ? this.#admitValid(message, this.validate)
      : this.#admit(message, message);
  }

  #admitValid(message: unknown, validate: Validate): Outcome {
    let payload: unknown;
    try {
      payload = validate(message);
    } catch (error) {
      const outcome = this.#reject('invalid', message);
      this.world.keepDeadLetter(this.channel, 'invalid', message, error, 0);
      return outcome;
    }
    return this.#admit(payload, message);
  }

  #admit(payload: unknown, message: unknown): Outcome {
    const { counters, mailbox } = this;
    const sequence = counters[Counter.accepted] + 1;
    // The wait of a batch counts from its first message: that one is never stamped with a reading from before.
    const now = mailbox.size === 0 && this.config.batchSize > 1 ? this.world.turns.read() : this.world.turns.glance(1);
    if (!mailbox.isFull) mailbox.push(payload, now, sequence);
    else if (!this.#overflow.admit(payload, now, sequence)) return this.#reject('mailbox-full', message);
    counters[Counter.accepted] = sequence;
    const depth = mailbox.size;
    if (depth > counters[Counter.depthMax]) counters[Counter.depthMax] = depth;
    if (depth >= this.#watchedDepth) this.#onDepth();
    return ACCEPTED;
  }

  /** As `accept`, but waits for room, in order of asking. An abort takes the offer back: it was never received. */
  offer(message: unknown, signal?: AbortSignal): Outcome | Promise<Outcome> {
    const mustWait = this.isOpen && (this.mailbox.isFull || this.#offers.size > 0);
    if (!mustWait || this.#isShut()) return this.accept(message);
    return this.#offers.add(message, signal);
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

  /** Takes up to `limit` new messages for their first call. */
  takeBatch(limit: number, now: number): readonly unknown[] {
    const { mailbox, queueing } = this;
    const count = Math.min(limit, mailbox.size);
    // Messages that came together waited equally long: they are recorded together.
    for (let offset = 1, begun = 0, at = mailbox.oldestAcceptedAt; offset <= count; offset += 1) {
      const next = offset < count ? mailbox.acceptedAtOf(offset) : Number.NaN;
      if (next === at) continue;
      queueing.record(now - at, offset - begun);
      begun = offset;
      at = next;
    }
    this.#flushLeft = Math.max(0, this.#flushLeft - count);
    return mailbox.take(count);
  }

  /** The messages `process` has now. */
  get batch(): readonly unknown[] {
    return this.call?.messages ?? NO_MESSAGES;
  }

  begin(call: Call): void {
    this.call = call;
    this.lastBatchAt = call.startedAt;
    this.counters[Counter.inFlight] += call.messages.length;
    this.counters[Counter.calls] += 1;
  }

  /** All messages of the batch have left it. */
  endBatch(): void {
    this.call = undefined;
    if (this.#settledWaiters.length > 0) for (const resolve of this.#settledWaiters.splice(0)) resolve();
  }

  /** Resolves when `process` has nothing, or nobody will know any more. */
  whenSettled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.call === undefined) resolve();
      else this.#settledWaiters.push(resolve);
    });
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
    this.world.bus.publish('event', { channel: this.channel, event });
  }

  countLate(): void {
    this.counters[Counter.late] += 1;
  }

  /** Gives messages up for good, with the reason. */
  deadLetter(segments: readonly Segment[], reason: DeadLetterReason): void {
    const count = segments.reduce((sum, { messages }) => sum + messages.length, 0);
    this.counters[Counter.deadLettered] += count;
    this.deadLetteredBy[reason] = (this.deadLetteredBy[reason] ?? 0) + count;
    for (const { messages, error, attempts } of segments) {
      for (const message of messages) this.world.keepDeadLetter(this.channel, reason, message, error, attempts);
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

  #reject(reason: RejectReason, message: unknown): Outcome {
    this.counters[Counter.rejected] += 1;
    this.rejectedBy[reason] = (this.rejectedBy[reason] ?? 0) + 1;
    this.world.bus.publish('message.rejected', { channel: this.channel, reason, message });
    return rejected(reason);
  }
}
