import type { ChannelConfig } from '../config/schema.ts';
import type { CoarseClock } from '../core/coarse-clock.ts';
import { Counter, type Counters } from '../core/counters.ts';
import { GapLog } from '../core/gap-log.ts';
import { Mailbox } from '../core/mailbox.ts';
import type { Origin } from '../core/origin.ts';
import { ACCEPTED, type Outcome, REJECTED, type RejectReason } from '../core/outcome.ts';
import { type GapReason, type LossListener, Overflow } from '../core/overflow.ts';
import type { BreakerClient } from './breaker-client.ts';
import { DueBatches, type Waker } from './due-batches.ts';
import type { LaneOwner } from './lane-owner.ts';
import { unchecked, type Validate } from './validator.ts';
import { type Door, REFUSED_MAX, WaitingOffers } from './waiting-offers.ts';

/** No mailbox is so deep; a small integer, because each message is compared with it. */
const NEVER = 2 ** 30;

/**
 * Takes messages in for one partition: its door, its mailbox, what happens when that is full, and when a batch is due.
 * It knows nothing of what becomes of a message afterwards; the counters do.
 */
export class Inbox implements Door, LossListener {
  readonly offers: WaitingOffers = new WaitingOffers(this);
  /** When a batch of new messages is due. */
  readonly due: DueBatches;
  /** What was dropped or conflated since the last batch. */
  readonly gaps: GapLog;
  readonly services: LaneOwner['services'];
  readonly counters: Counters;
  readonly owner: LaneOwner;
  private readonly breaker: BreakerClient | undefined;
  private readonly clock: CoarseClock;
  readonly mailbox: Mailbox;
  readonly overflow: Overflow;
  limits: ChannelConfig;
  private validate: Validate | undefined = undefined;
  isOpen = false;
  /**
   * While so many messages wait, and fewer than so many, another one is taken in as it comes. Otherwise it needs more than
   * room: the door is closed, it is the first of a batch, it is validated or conflated, or an open breaker may refuse it.
   */
  private plainFrom = 0;
  private plainBelow = 0;
  private wakeAt = NEVER;
  private waker: Waker | undefined = undefined;

  constructor(owner: LaneOwner, partition: number | undefined, counters: Counters, breaker?: BreakerClient) {
    const { config, services } = owner;
    this.services = services;
    this.counters = counters;
    this.owner = owner;
    this.breaker = breaker;
    this.clock = services.scheduler.clock;
    this.limits = config;
    this.mailbox = new Mailbox(config.capacity);
    this.due = new DueBatches(this);
    this.gaps = new GapLog(config.name, partition);
    this.overflow = new Overflow(this.mailbox, config.overflow, owner, this);
  }

  lost(reason: GapReason, key: string, sequence: number): void {
    this.counters[reason === 'conflated' ? Counter.conflated : Counter.dropped] += 1;
    this.gaps.add(reason, key, sequence);
  }

  /** From now on messages are taken in, and checked by this. True: those that wait were not checked. */
  open(validate: Validate | undefined): boolean {
    const isLate = this.validate === unchecked && validate !== undefined;
    this.isOpen = true;
    this.validate = validate;
    this.guard();
    return isLate;
  }

  /** From now on every message is refused as `not-running`. */
  close(): void {
    this.isOpen = false;
    this.guard();
    this.admitOffers();
  }

  /** New limits; offers that they leave room for are admitted by `admitOffers`. */
  reconfigure(config: ChannelConfig): void {
    this.limits = config;
    this.mailbox.admitUpTo(config.capacity);
    this.overflow.policy = config.overflow;
    this.guard();
  }

  /** Wakes with each message from the one on that makes so many wait. */
  wakeWhen(depth: number, waker: Waker): void {
    this.wakeAt = depth;
    this.waker = waker;
  }

  /** Wakes nobody any more. */
  sleep(): void {
    this.wakeAt = NEVER;
  }

  /** Takes a message in or says why not; never throws. `isPayload`: it was validated. `known`: its key, if read. */
  accept(message: unknown, isPayload?: boolean, known?: string, origin?: Origin): Outcome {
    const { clock, counters, mailbox } = this;
    const { size } = mailbox;
    if (size < this.plainFrom || size >= this.plainBelow || origin !== undefined)
      return this.check(message, isPayload, known, origin);
    clock.advance(1);
    if (size === 0 && this.wakeAt === 1 && this.waker?.deliverAtOnce?.(message) === true) return ACCEPTED;
    mailbox.push(message, clock.now, counters[Counter.accepted] + 1);
    counters[Counter.accepted] += 1;
    if (size + 1 >= this.wakeAt) this.waker?.wake();
    return ACCEPTED;
  }

  /** As `accept` for several messages, from one on, while they need nothing but room. Returns the next one. */
  acceptRun(messages: readonly unknown[], from: number, to: number): number {
    let next = from;
    for (; next < to && this.takesPlain; next += 1) this.accept(messages[next]);
    return next;
  }

  /** As `accept` for a message with an origin, if it needs nothing but room. False: it does, and was not taken in. */
  acceptFrom(message: unknown, origin: Origin): boolean {
    const { clock, counters, mailbox } = this;
    if (!this.takesPlain || this.offers.size > 0) return false;
    clock.advance(1);
    counters[Counter.accepted] += 1;
    mailbox.pushWithKey(undefined, message, clock.now, counters[Counter.accepted], origin);
    this.wakeIfDue();
    return true;
  }

  /** The next message needs nothing but room. */
  private get takesPlain(): boolean {
    const { size } = this.mailbox;
    return size >= this.plainFrom && size < this.plainBelow;
  }

  /** As `accept`, with everything that may be asked for. */
  private check(message: unknown, isPayload?: boolean, known?: string, origin?: Origin): Outcome {
    const { refusal } = this;
    if (refusal !== undefined) return this.reject(refusal, message);
    let payload: unknown;
    try {
      payload = this.payloadOf(message, isPayload);
    } catch (error) {
      return this.reject('invalid', message, error, origin);
    }
    const key = this.keyFor(payload, message, known);
    // Both are code of the host, which may have closed the door.
    if (!this.isOpen) return this.reject('not-running', message);
    if (!this.put(payload, key, origin)) return this.reject('mailbox-full', message);
    this.wakeIfDue();
    return ACCEPTED;
  }

  enter(message: unknown, key: string | undefined, origin: Origin | undefined): Outcome {
    return this.accept(message, false, key, origin);
  }

  /** Why every message is refused now; undefined: they are not. */
  get refusal(): 'not-running' | 'tripped' | undefined {
    if (!this.isOpen) return 'not-running';
    // Once the breaker has cooled down, messages must come in to be probes.
    const isShut = this.limits.whenTripped === 'reject' && (this.breaker?.breaker.coolDownLeftMs() ?? 0) > 0;
    return isShut ? 'tripped' : undefined;
  }

  /** What the channel makes of a message; throws why it is invalid. */
  payloadOf(message: unknown, isPayload: boolean | undefined): unknown {
    return isPayload !== true && this.validate !== undefined ? this.validate(message) : message;
  }

  /** Reads the keys that `put` will ask for. Undefined: the payload is the message, which can be asked at any time. */
  keyFor(payload: unknown, message: unknown, known: string | undefined): string | undefined {
    return this.overflow.readAhead(payload, known ?? (payload === message ? undefined : this.owner.keyOf(message)));
  }

  /** There is no room for such a message, or others wait for room. */
  isBlocked(message: unknown, key: string | undefined): boolean {
    return this.offers.size > 0 || !this.overflow.hasRoomFor(message, key);
  }

  /** Takes a checked message in and wakes nobody. False: the caller still owns it. */
  put(payload: unknown, key: string | undefined, origin: Origin | undefined): boolean {
    const { clock, counters, mailbox } = this;
    // The wait of a batch counts from its first message, so that message is never stamped with a shared reading.
    if (mailbox.size === 0 && this.limits.batchSize > 1) clock.read();
    else clock.advance(1);
    const sequence = counters[Counter.accepted] + 1;
    if (!this.overflow.admit(payload, key, clock.now, sequence, origin)) return false;
    counters[Counter.accepted] += 1;
    return true;
  }

  wakeIfDue(): void {
    if (this.mailbox.size >= this.wakeAt) this.waker?.wake();
  }

  /** There is no room, or offers wait for it, and a message would not be refused for another reason. */
  mustWait(): boolean {
    return (this.mailbox.isFull || this.offers.size > 0) && this.refusal === undefined;
  }

  /** Room was made, or the door was closed: lets waiting offers in, oldest first. Very many are refused in several turns. */
  admitOffers(): void {
    for (let left = REFUSED_MAX; this.offers.size > 0 && !(this.isOpen && this.mailbox.isFull); left -= 1) {
      if (left <= 0 && !this.isOpen) return this.offers.refuseLater(this.services.clock);
      const offer = this.offers.shift();
      if (offer?.call === undefined) offer?.resolve(this.enter(offer.message, offer.key, offer.origin));
      else {
        offer.call();
        // It may have refused as many itself.
        left = 0;
      }
    }
  }

  /** So many messages wait, and nothing else needs care: no gap, no offer, no flush. */
  isSteady(batchSize: number): boolean {
    return this.mailbox.size >= batchSize && this.due.requested === 0 && this.gaps.isEmpty && this.offers.size === 0;
  }

  /** Its door is as that of another inbox. */
  openAs({ isOpen, validate }: Inbox): void {
    this.isOpen = isOpen;
    this.validate = validate;
    this.guard();
  }

  private guard(): void {
    const { batchSize, capacity, overflow, whenTripped } = this.limits;
    this.plainFrom = batchSize > 1 ? 1 : 0;
    const isSelective = whenTripped === 'reject' || overflow === 'conflate';
    this.plainBelow = !this.isOpen || this.validate !== undefined || isSelective ? 0 : capacity;
  }

  /** Refuses a message; the caller still owns it. */
  reject(reason: keyof typeof Counter & RejectReason, message: unknown, error?: unknown, origin?: Origin): Outcome {
    const { bus, keepDeadLetter } = this.services;
    const { name: channel } = this.limits;
    this.counters[Counter.rejected] += 1;
    this.counters[Counter[reason]] += 1;
    bus.changes.during(() => {
      bus.publish('message.rejected', { channel, reason, message, error });
      if (reason === 'invalid') keepDeadLetter(channel, reason, message, error, 0, origin);
    });
    return REJECTED[reason];
  }
}
