import type { Message, MessageType } from './message.ts';
import { messageOf, messageTypes } from './message.ts';

/** Messages pushed without a pause; then the event loop gets its turn. */
export const SLICE = 1_000;

/** Which type the message at a place has. */
export type TypeAt = (place: number) => MessageType;

/** Where a workload's messages come from. */
export interface Supply {
  /** The types in it. */
  readonly types: readonly MessageType[];
  /** After so many of a type their numbers begin anew; Infinity: never. */
  period(type: MessageType): number;
  /** How many of a type have been handed out. */
  taken(type: MessageType): number;
  /** The next messages to push. */
  next(): readonly Message[];
  /** The same messages as batches, in the order in which they fill up: nobody has to split them. */
  nextBatches(batchSize: number): readonly (readonly Message[])[];
}

/** Hands out the same messages again and again. */
export class Pool implements Supply {
  readonly types: readonly MessageType[];
  readonly #typeAt: TypeAt;
  readonly #slices: readonly (readonly Message[])[];
  #batches: readonly (readonly (readonly Message[])[])[] | undefined;
  #handedOut = 0;

  /** `size` must be a multiple of the slice. */
  constructor(size: number, typeAt: TypeAt) {
    const numbers = new Numbers();
    this.#typeAt = typeAt;
    this.#slices = Array.from({ length: size / SLICE }, (_, index) => makeSlice(index * SLICE, typeAt, numbers));
    this.types = messageTypes.filter((type) => numbers.of(type) > 0);
  }

  period(type: MessageType): number {
    return this.#count(type, this.#slices.length);
  }

  taken(type: MessageType): number {
    const rounds = Math.floor(this.#handedOut / this.#slices.length);
    return rounds * this.period(type) + this.#count(type, this.#handedOut % this.#slices.length);
  }

  next(): readonly Message[] {
    return this.#slices[this.#advance()] ?? [];
  }

  nextBatches(batchSize: number): readonly (readonly Message[])[] {
    this.#batches ??= split(this.#slices, batchSize);
    return this.#batches[this.#advance()] ?? [];
  }

  #advance(): number {
    const index = this.#handedOut % this.#slices.length;
    this.#handedOut += 1;
    return index;
  }

  #count(type: MessageType, slices: number): number {
    let count = 0;
    for (let place = 0; place < slices * SLICE; place += 1) if (this.#typeAt(place) === type) count += 1;
    return count;
  }
}

/** Makes every message new, as the parser of a feed does. */
export class Feed implements Supply {
  readonly types: readonly MessageType[];
  readonly #typeAt: TypeAt;
  readonly #numbers = new Numbers();
  #place = 0;
  /** How many messages of a type a batch still lacks. */
  readonly #pending = new Map<MessageType, number>();

  constructor(typeAt: TypeAt) {
    this.#typeAt = typeAt;
    const first = new Set(Array.from({ length: SLICE }, (_, place) => typeAt(place)));
    this.types = messageTypes.filter((type) => first.has(type));
  }

  period(): number {
    return Number.POSITIVE_INFINITY;
  }

  taken(type: MessageType): number {
    return this.#numbers.of(type);
  }

  next(): readonly Message[] {
    const slice = makeSlice(this.#place, this.#typeAt, this.#numbers);
    this.#place += SLICE;
    return slice;
  }

  nextBatches(batchSize: number): readonly (readonly Message[])[] {
    const batches: Message[][] = [];
    for (const type of this.types) {
      let count = (this.#pending.get(type) ?? 0) + this.#countInSlice(type);
      for (; count >= batchSize; count -= batchSize) {
        const batch = [this.#make(type)];
        while (batch.length < batchSize) batch.push(this.#make(type));
        batches.push(batch);
      }
      this.#pending.set(type, count);
    }
    this.#place += SLICE;
    return batches;
  }

  #make(type: MessageType): Message {
    return messageOf(type, this.#numbers.next(type));
  }

  #countInSlice(type: MessageType): number {
    let count = 0;
    for (let offset = 0; offset < SLICE; offset += 1) if (this.#typeAt(this.#place + offset) === type) count += 1;
    return count;
  }
}

/** Numbers the messages of each type. */
class Numbers {
  readonly #next = { T: 0, AM: 0, FMV: 0 };

  of(type: MessageType): number {
    return this.#next[type];
  }

  next(type: MessageType): number {
    const n = this.#next[type];
    this.#next[type] = n + 1;
    return n;
  }
}

function makeSlice(place: number, typeAt: TypeAt, numbers: Numbers): Message[] {
  const slice: Message[] = [];
  for (let offset = 0; offset < SLICE; offset += 1) {
    const type = typeAt(place + offset);
    slice.push(messageOf(type, numbers.next(type)));
  }
  return slice;
}

/** The batches that fill up in each slice. */
function split(slices: readonly (readonly Message[])[], batchSize: number): Message[][][] {
  const open = new Map<string, Message[]>();
  return slices.map((slice) => {
    const full: Message[][] = [];
    for (const message of slice) {
      const batch = open.get(message.ev) ?? [];
      batch.push(message);
      open.set(message.ev, batch);
      if (batch.length < batchSize) continue;
      full.push(batch);
      open.delete(message.ev);
    }
    return full;
  });
}
