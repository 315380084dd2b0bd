import { type Message, type MessageType, messageOf, messageTypes } from './message.ts';

/** Messages pushed without a pause; then the event loop gets its turn. */
export const SLICE = 1_000;

/** The type of the message at a place. */
export type TypeAt = (place: number) => MessageType;

/** Where a workload's messages come from. */
export interface Supply {
  readonly types: readonly MessageType[];
  /** How many messages have been handed out. */
  readonly taken: number;
  /** After so many of a type their numbers begin anew; Infinity: never. */
  period(type: MessageType): number;
  /** The next messages to push. */
  next(): readonly Message[];
}

/** Makes every message new, as the parser of a feed does. */
export class Feed implements Supply {
  readonly types: readonly MessageType[];
  taken = 0;
  readonly #typeAt: TypeAt;
  readonly #numbers = { T: 0, AM: 0, FMV: 0 };

  constructor(typeAt: TypeAt) {
    this.#typeAt = typeAt;
    const used = new Set(Array.from({ length: SLICE }, (_, place) => typeAt(place)));
    this.types = messageTypes.filter((type) => used.has(type));
  }

  period(): number {
    return Number.POSITIVE_INFINITY;
  }

  next(): readonly Message[] {
    const slice: Message[] = [];
    for (let place = this.taken; place < this.taken + SLICE; place += 1) {
      const type = this.#typeAt(place);
      slice.push(messageOf(type, this.#numbers[type]));
      this.#numbers[type] += 1;
    }
    this.taken += SLICE;
    return slice;
  }
}

/** Hands out the same messages again and again, in slices cut beforehand. */
export class Pool implements Supply {
  readonly types: readonly MessageType[];
  taken = 0;
  readonly #slices: readonly (readonly Message[])[];
  readonly #counts = { T: 0, AM: 0, FMV: 0 };
  #next = 0;

  constructor(messages: readonly Message[], typeOf: (message: Message) => MessageType = ({ ev }) => ev) {
    for (const message of messages) this.#counts[typeOf(message)] += 1;
    this.types = messageTypes.filter((type) => this.#counts[type] > 0);
    const sliceAt = (_: unknown, index: number) => messages.slice(index * SLICE, (index + 1) * SLICE);
    this.#slices = Array.from({ length: Math.ceil(messages.length / SLICE) }, sliceAt);
  }

  period(type: MessageType): number {
    return this.#counts[type];
  }

  next(): readonly Message[] {
    const slice = this.#slices[this.#next] ?? [];
    this.#next = (this.#next + 1) % this.#slices.length;
    this.taken += slice.length;
    return slice;
  }
}

/** A pool of new messages; `size` is a multiple of the slice. */
export function poolOf(size: number, typeAt: TypeAt): Pool {
  const feed = new Feed(typeAt);
  return new Pool(Array.from({ length: size / SLICE }, () => feed.next()).flat());
}
