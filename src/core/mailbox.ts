import type { Origin, Origins } from './origin.ts';

const SLOTS_MIN = 16;
/** V8 allocates a larger array among its old objects: copying it costs 30 ns a slot instead of one. */
const YOUNG_SLOTS_MAX = 8_192;
/** A mailbox that never held a message has no ring yet. */
const [NO_STAMPS, NO_MESSAGES]: [Float64Array, unknown[]] = [new Float64Array(), []];

/** The keys of messages, in their order. */
export type Keys = readonly (string | undefined)[];

/**
 * A queue in order of acceptance: a ring that starts small and doubles as needed. It never refuses a message: `Overflow`
 * asks `isFull` first, because what to do then is a policy. An *offset* counts from the oldest message; an *ordinal* names
 * one message for as long as it waits.
 */
export class Mailbox<Message = unknown> {
  /** How many messages may wait. A smaller one than the present size keeps what is there. */
  capacity: number;
  /** The slot of the oldest message, and where the next one goes: below the number of slots, and below twice that. */
  private head = 0;
  private tail = 0;
  /** The ordinal of slot 0, in the present time around. */
  private ordinalOfSlot0 = 0;
  /** So many slots, less one. */
  private mask = -1;
  private messages = NO_MESSAGES as (Message | undefined)[];
  private acceptedAt = NO_STAMPS;
  private sequence = NO_STAMPS;
  /** Undefined: no message came with its key. */
  private keys: (string | undefined)[] | undefined;
  /** Of the messages that were taken last, as they were pushed; those that were dropped do not count as taken. */
  keysTaken: Keys | undefined;
  /** Undefined: no message came with an origin. */
  private origins: (Origin | undefined)[] | undefined;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  admitUpTo(capacity: number): void {
    this.capacity = capacity;
  }

  get size(): number {
    return this.tail - this.head;
  }

  get isFull(): boolean {
    return this.size >= this.capacity;
  }

  /** When the oldest message was accepted; Infinity when nothing waits, which is never due. */
  get oldestAcceptedAt(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.acceptedAtOf(0);
  }

  /** The ordinal of the oldest message; the next ones follow without a gap. */
  get headOrdinal(): number {
    return this.ordinalOfSlot0 + this.head;
  }

  messageOf(offset: number): Message {
    // The slot of a waiting message always holds a message: `undefined` fills only the slots outside.
    return this.messages[this.slotOf(offset)] as Message;
  }

  acceptedAtOf(offset: number): number {
    return this.acceptedAt[this.slotOf(offset)] ?? Number.NaN;
  }

  sequenceOf(offset: number): number {
    return this.sequence[this.slotOf(offset)] ?? Number.NaN;
  }

  /** The key it was pushed with. */
  keyOf(offset: number): string | undefined {
    return this.keys?.[this.slotOf(offset)];
  }

  originOf(offset: number): Origin | undefined {
    return this.origins?.[this.slotOf(offset)];
  }

  /** Those of up to `count` of the oldest messages; undefined: none has one. */
  originsOf(count: number): Origins | undefined {
    return this.origins && this.cut(this.origins, Math.min(count, this.size));
  }

  /** Everything that waits, oldest first, with what it was pushed with. */
  *entries() {
    for (let at = 0; at < this.size; at += 1) {
      const stamps = [this.acceptedAtOf(at), this.sequenceOf(at)] as const;
      yield [this.messageOf(at), this.keyOf(at), ...stamps, this.originOf(at)] as const;
    }
  }

  push(message: Message, acceptedAt: number, sequence: number): void {
    if (this.tail - this.head > this.mask) this.resize(this.size + 1);
    this.put(this.tail & this.mask, message, acceptedAt, sequence);
    this.tail += 1;
  }

  /** As `push`, with a key that the message may not show itself, and with its origin. */
  pushWithKey(key: string | undefined, message: Message, acceptedAt: number, sequence: number, origin?: Origin): void {
    this.push(message, acceptedAt, sequence);
    if (origin !== undefined) this.setOrigin(this.size - 1, origin);
    if (key === undefined) return;
    this.keys ??= emptySlots(this.mask + 1);
    this.keys[this.slotOf(this.size - 1)] = key;
  }

  /** Takes up to `count` of the oldest messages. */
  take(count: number): Message[] {
    const taken = Math.min(count, this.size);
    const { head } = this;
    const messages = this.cut(this.messages, taken) as Message[];
    this.advance(taken);
    for (let slot = head; slot < head + taken; slot += 1) this.messages[slot & this.mask] = undefined;
    return messages;
  }

  /** Takes the oldest message without a batch around it; undefined when nothing waits. */
  shift(): Message | undefined {
    if (this.tail === this.head) return undefined;
    const { head } = this;
    const message = this.messages[head];
    this.advance(1);
    this.messages[head] = undefined;
    return message;
  }

  /** Puts a newer message in the place of a waiting one; the wait goes on counting from the older one's acceptance. */
  replace(offset: number, message: Message, sequence: number, origin?: Origin): void {
    this.put(this.slotOf(offset), message, this.acceptedAtOf(offset), sequence);
    if (origin !== undefined || this.origins !== undefined) this.setOrigin(offset, origin);
  }

  /** Lets the oldest message go, which no call takes. */
  drop(): Message | undefined {
    const { keysTaken } = this;
    const message = this.shift();
    this.keysTaken = keysTaken;
    return message;
  }

  /** Takes everything and gives the memory back. No call takes it. */
  drain(): { readonly messages: Message[]; readonly origins: Origins | undefined; readonly keys: Keys | undefined } {
    const { keysTaken, size } = this;
    const taken = { origins: this.originsOf(size), keys: this.keysOf(size), messages: this.take(size) };
    this.resize(SLOTS_MIN);
    this.keysTaken = keysTaken;
    return taken;
  }

  private slotOf(offset: number): number {
    return (this.head + offset) & this.mask;
  }

  private put(slot: number, message: Message, acceptedAt: number, sequence: number): void {
    this.messages[slot] = message;
    this.acceptedAt[slot] = acceptedAt;
    this.sequence[slot] = sequence;
  }

  /** Whatever is called here comes before anything has moved: a stack that overflows loses no message. */
  private advance(count: number): void {
    if (this.keys !== undefined || this.origins !== undefined) this.clearCompanions(count);
    if (this.head + count > this.mask) this.turnAround();
    this.head += count;
  }

  /** Each time around in a new array: V8 takes note of every message that is put into one older than itself. */
  private turnAround(): void {
    const slots = this.mask + 1;
    if (slots <= YOUNG_SLOTS_MAX) {
      this.messages = this.messages.slice();
      if (this.origins !== undefined) this.origins = this.origins.slice();
    }
    this.head -= slots;
    this.tail -= slots;
    this.ordinalOfSlot0 += slots;
  }

  private clearCompanions(count: number): void {
    this.keysTaken = this.keysOf(count);
    const end = this.head + count;
    for (const companions of [this.keys, this.origins]) {
      companions?.fill(undefined, this.head, end);
      if (end > this.mask + 1) companions?.fill(undefined, 0, end - this.mask - 1);
    }
  }

  private setOrigin(offset: number, origin: Origin | undefined): void {
    this.origins ??= emptySlots(this.mask + 1);
    this.origins[this.slotOf(offset)] = origin;
  }

  /** Of that many of the oldest messages; undefined: none came with its key. */
  private keysOf(count: number): Keys | undefined {
    return this.keys && this.cut(this.keys, count);
  }

  /** What a ring holds of that many of the oldest messages, in their order. */
  private cut<Item>(ring: readonly Item[], count: number): Item[] {
    const end = this.head + count;
    const items = ring.slice(this.head, end);
    return end > ring.length ? items.concat(ring.slice(0, end - ring.length)) : items;
  }

  private resize(sizeMin: number): void {
    // The next power of two, so that a mask finds the slot.
    let slots = SLOTS_MIN;
    while (slots < sizeMin) slots *= 2;
    const messages = emptySlots<Message>(slots);
    const acceptedAt = new Float64Array(slots);
    const sequence = new Float64Array(slots);
    const keys = this.keys === undefined ? undefined : emptySlots<string>(slots);
    const origins = this.origins === undefined ? undefined : emptySlots<Origin>(slots);
    for (let offset = 0; offset < this.size; offset += 1) {
      messages[offset] = this.messageOf(offset);
      acceptedAt[offset] = this.acceptedAtOf(offset);
      sequence[offset] = this.sequenceOf(offset);
      if (keys !== undefined) keys[offset] = this.keyOf(offset);
      if (origins !== undefined) origins[offset] = this.originOf(offset);
    }
    this.mask = slots - 1;
    this.messages = messages;
    this.acceptedAt = acceptedAt;
    this.sequence = sequence;
    this.keys = keys;
    this.origins = origins;
    this.tail -= this.head;
    this.ordinalOfSlot0 += this.head;
    this.head = 0;
  }
}

/** Filled by pushing: `new Array(n)` makes holes, every array cut from it has them too, and `flatMap` leaves them out. */
function emptySlots<Value>(count: number): (Value | undefined)[] {
  const slots: (Value | undefined)[] = [];
  while (slots.length < count) slots.push(undefined);
  return slots;
}
