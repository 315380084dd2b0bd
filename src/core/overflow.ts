import type { Mailbox } from './mailbox.ts';
import { type Origin, supersede } from './origin.ts';

/**
 * What a mailbox does with one more message. `reject`: when it is full, the caller keeps the message · `drop-oldest`: the
 * newest `capacity` wait · `drop-newest`: the message is taken in and dropped · `conflate`: only the latest of each key
 * waits, full or not (right for fair values and quotes, wrong for trades); when `capacity` keys wait, another one is rejected.
 */
export type OverflowPolicy = 'reject' | 'drop-oldest' | 'drop-newest' | 'conflate';

/** Why an accepted message was not delivered although nothing failed. */
export type GapReason = 'drop-oldest' | 'drop-newest' | 'conflated';

/** Hears of each message that was taken in and will not be delivered. Must not throw. */
export interface LossListener {
  lost(reason: GapReason, key: string, sequence: number, message: unknown): void;
}

/** The keys of the oldest messages are read so often at most: again if the host routed while it was asked for one. */
const TRIES_MAX = 3;

/** The door of a mailbox: pushes messages, and applies the policy. */
export class Overflow {
  private policyNow: OverflowPolicy;
  private readonly mailbox: Mailbox;
  private readonly keys: { keyOf(message: unknown): string };
  private readonly losses: LossListener;
  /** For `conflate`: where the message of each key waits, by its ordinal and in that order. */
  private places: Map<string, number> | undefined;
  /** The keys of the oldest messages, from this ordinal on, for `drop-oldest`; undefined: they were not read ahead. */
  private ahead: { readonly from: number; readonly keys: readonly string[] } | undefined;

  /** `keys` reads the key of a message that came without one, and must not throw. */
  constructor(mailbox: Mailbox, policy: OverflowPolicy, keys: Overflow['keys'], losses: LossListener) {
    this.mailbox = mailbox;
    this.policyNow = policy;
    this.keys = keys;
    this.losses = losses;
    if (policy === 'conflate') this.places = new Map();
  }

  get policy(): OverflowPolicy {
    return this.policyNow;
  }

  /** May change at any time. What waits already is conflated, too. */
  set policy(policy: OverflowPolicy) {
    if (policy === this.policyNow) return;
    this.policyNow = policy;
    this.places = undefined;
    if (policy === 'conflate') this.conflateAll();
  }

  /** Whether `admit` would take such a message in. */
  hasRoomFor(message: unknown, key: string | undefined): boolean {
    if (!this.mailbox.isFull || this.policyNow.startsWith('drop')) return true;
    return this.policyNow === 'conflate' && this.placeOf(key ?? this.keys.keyOf(message)) !== undefined;
  }

  /**
   * Reads each key that `admit` would ask for, and returns that of the message if it is among them. Reading a key runs code
   * of the host, which may route or close the door, so the caller looks at both afterwards.
   */
  readAhead(message: unknown, key: string | undefined): string | undefined {
    const { mailbox, policyNow } = this;
    if (policyNow === 'conflate') return key ?? this.keys.keyOf(message);
    if (policyNow === 'reject' || !mailbox.isFull) return key;
    if (policyNow === 'drop-newest') return key ?? this.keys.keyOf(message);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      this.ahead = { from: mailbox.headOrdinal, keys: this.keysThatGo() };
      if (this.ahead.from === mailbox.headOrdinal) break;
    }
    return key;
  }

  /** True: the message was taken in, although it or another one may be lost. False: the caller still owns it. */
  admit(message: unknown, key: string | undefined, acceptedAt: number, sequence: number, origin?: Origin): boolean {
    const { mailbox, policyNow } = this;
    if (policyNow === 'conflate') {
      const known = key ?? this.keys.keyOf(message);
      if (mailbox.isFull && this.placeOf(known) === undefined) return false;
      this.place(message, known, acceptedAt, sequence, origin);
      return true;
    }
    if (mailbox.isFull) {
      if (policyNow === 'reject') return false;
      if (policyNow === 'drop-newest' || mailbox.capacity === 0) {
        this.losses.lost('drop-newest', key ?? this.keys.keyOf(message), sequence, message);
        origin?.settled('dropped');
        return true;
      }
      while (mailbox.isFull) this.dropOldest();
      this.ahead = undefined;
    }
    mailbox.pushWithKey(key, message, acceptedAt, sequence, origin);
    return true;
  }

  /** Takes in what was accepted before, whether or not there is room. */
  place(message: unknown, key: string | undefined, acceptedAt: number, sequence: number, origin?: Origin): void {
    const { mailbox, places } = this;
    if (places === undefined) return mailbox.pushWithKey(key, message, acceptedAt, sequence, origin);
    const known = key ?? this.keys.keyOf(message);
    const ordinal = this.placeOf(known);
    if (ordinal === undefined) {
      // Without a key nothing says that one message replaces another.
      if (known !== '') places.set(known, mailbox.headOrdinal + mailbox.size);
      return mailbox.pushWithKey(known, message, acceptedAt, sequence, origin);
    }
    const offset = ordinal - mailbox.headOrdinal;
    const before = mailbox.originOf(offset);
    this.losses.lost('conflated', known, mailbox.sequenceOf(offset), mailbox.messageOf(offset));
    mailbox.replace(offset, message, sequence, before === undefined ? origin : supersede(before, origin));
  }

  private dropOldest(): void {
    const { mailbox } = this;
    // '' if the host routed each time it was asked.
    const ahead = this.ahead && (this.ahead.keys[mailbox.headOrdinal - this.ahead.from] ?? '');
    const key = mailbox.keyOf(0) ?? ahead ?? this.keys.keyOf(mailbox.messageOf(0));
    const [sequence, origin] = [mailbox.sequenceOf(0), mailbox.originOf(0)];
    this.losses.lost('drop-oldest', key, sequence, mailbox.drop());
    origin?.settled('dropped');
  }

  private keysThatGo(): readonly string[] {
    const { mailbox } = this;
    const keys: string[] = [];
    for (let offset = 0; offset <= mailbox.size - mailbox.capacity && offset < mailbox.size; offset += 1)
      keys.push(mailbox.keyOf(offset) ?? this.keys.keyOf(mailbox.messageOf(offset)));
    return keys;
  }

  /** Where a message of this key waits. Those that were taken since are forgotten first: they are the oldest. */
  private placeOf(key: string): number | undefined {
    for (const [taken, ordinal] of this.places ?? []) {
      if (ordinal >= this.mailbox.headOrdinal) break;
      this.places?.delete(taken);
    }
    return this.places?.get(key);
  }

  private conflateAll(): void {
    const waiting = [...this.mailbox.entries()];
    this.mailbox.drain();
    this.places = new Map();
    for (const entry of waiting) this.place(...entry);
  }
}
