import type { Mailbox } from './mailbox.ts';

/**
 * What a full mailbox does with one more message. `reject`: the caller keeps it · `drop-oldest`: the newest `capacity`
 * wait · `drop-newest`: it is taken in and dropped · `conflate`: the latest per key waits (right for fair values and
 * quotes, wrong for trades); when all keys differ it is rejected.
 */
export type OverflowPolicy = 'reject' | 'drop-oldest' | 'drop-newest' | 'conflate';

/** Why an accepted message was not delivered although nothing failed. */
export type GapReason = 'drop-oldest' | 'drop-newest' | 'conflated';

/** Told of each message that was taken in and will not be delivered. Must not throw. */
export type Lost = (reason: GapReason, key: string, sequence: number, message: unknown) => void;

/** The door of a mailbox: pushes while there is room, and applies the policy when there is none. */
export class Overflow {
  policy: OverflowPolicy;
  private readonly mailbox: Mailbox;
  private readonly keyOf: (message: unknown) => string;
  private readonly lost: Lost;
  // For `conflate`: the ordinal of the newest message of each key. Brought up to date only when the mailbox is full, so
  // the ordinary path knows nothing of it and each message is indexed once.
  private newest: Map<string, number> | undefined;
  private indexedUpTo = 0;
  private hasSuperseded = false;

  /** `keyOf` must not throw. Messages whose key is '' are never conflated: nothing says that one replaces the other. */
  constructor(mailbox: Mailbox, policy: OverflowPolicy, keyOf: (message: unknown) => string, lost: Lost) {
    this.mailbox = mailbox;
    this.policy = policy;
    this.keyOf = keyOf;
    this.lost = lost;
  }

  /** True: taken in; it waits, or it or another one was told to `lost`. False: the caller still owns it. */
  admit(message: unknown, acceptedAt: number, sequence: number): boolean {
    if (this.mailbox.isFull) {
      if (this.policy === 'reject') return false;
      if (this.policy === 'conflate') return this.conflate(message, acceptedAt, sequence);
      if (this.policy === 'drop-newest' || this.mailbox.capacity === 0) {
        this.lost('drop-newest', this.keyOf(message), sequence, message);
        return true;
      }
      while (this.mailbox.isFull) this.dropOldest();
    }
    this.mailbox.push(message, acceptedAt, sequence);
    return true;
  }

  private dropOldest(): void {
    const sequence = this.mailbox.sequenceOf(0);
    const oldest = this.mailbox.shift();
    this.lost('drop-oldest', this.keyOf(oldest), sequence, oldest);
  }

  private conflate(message: unknown, acceptedAt: number, sequence: number): boolean {
    const newest = this.index();
    const key = this.keyOf(message);
    const offset = (newest.get(key) ?? -1) - this.mailbox.headOrdinal;
    if (offset >= 0) {
      this.supersede(key, offset);
      this.mailbox.replace(offset, message, sequence);
      return true;
    }
    if (this.hasSuperseded) this.compact(newest);
    if (this.mailbox.isFull) return false;
    this.mailbox.push(message, acceptedAt, sequence);
    return true;
  }

  private index(): Map<string, number> {
    const { headOrdinal, size } = this.mailbox;
    this.newest ??= new Map();
    const newest = this.newest;
    // Keys whose messages have left stay in the index until it is twice too big: a bound, at no cost per message.
    if (newest.size > 2 * size) {
      newest.clear();
      this.indexedUpTo = headOrdinal;
    }
    const end = headOrdinal + size;
    for (let ordinal = Math.max(this.indexedUpTo, headOrdinal); ordinal < end; ordinal += 1) {
      const key = this.keyOf(this.mailbox.messageOf(ordinal - headOrdinal));
      if (key === '') continue;
      if ((newest.get(key) ?? -1) >= headOrdinal) this.hasSuperseded = true;
      newest.set(key, ordinal);
    }
    this.indexedUpTo = end;
    return newest;
  }

  /** Touches each waiting message (about 70 ns), so it runs only when a superseded one may be among them. */
  private compact(newest: ReadonlyMap<string, number>): void {
    const { headOrdinal } = this.mailbox;
    this.hasSuperseded = false;
    this.mailbox.removeWhere((offset) => {
      const key = this.keyOf(this.mailbox.messageOf(offset));
      if (key === '' || newest.get(key) === headOrdinal + offset) return false;
      this.supersede(key, offset);
      return true;
    });
  }

  private supersede(key: string, offset: number): void {
    this.lost('conflated', key, this.mailbox.sequenceOf(offset), this.mailbox.messageOf(offset));
  }
}
