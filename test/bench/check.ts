import type { Message, MessageType } from './message.ts';

/** Sees every batch of one channel and knows what must come next: the numbers 0 to `period - 1`, again and again. */
export class Check {
  readonly type: MessageType;
  /** How many messages came. */
  seen = 0;
  /** What first came out of its place. */
  mistake: string | undefined;
  #due = 0;
  readonly #period: number;

  constructor(type: MessageType, period: number) {
    this.type = type;
    this.#period = period;
  }

  /** Cheap, because its time is part of what is measured. */
  see(batch: readonly Message[]): void {
    let due = this.#due;
    for (const message of batch) {
      if (message.n !== due) this.#wrong(message, due);
      due = due + 1 === this.#period ? 0 : due + 1;
    }
    this.#due = due;
    this.seen += batch.length;
  }

  #wrong({ n }: Message, due: number): void {
    this.mistake ??= `${this.type}: after ${this.seen} messages number ${n} came where ${due} was due`;
  }
}

/** How many messages came in all channels together. */
export function seenBy(checks: readonly Check[]): number {
  let seen = 0;
  for (const check of checks) seen += check.seen;
  return seen;
}

/** What is wrong when so many were handed over; undefined: nothing. */
export function verdictOf(checks: readonly Check[], handedOver: number): string | undefined {
  for (const { mistake } of checks) if (mistake !== undefined) return mistake;
  const missing = handedOver - seenBy(checks);
  if (missing === 0) return undefined;
  return `${Math.abs(missing)} of ${handedOver} messages ${missing > 0 ? 'are missing' : 'came too often'}`;
}
