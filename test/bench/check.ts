import type { Message, MessageType } from './message.ts';

/** Sees every batch of one channel and knows what must come next: the numbers 0 to `period - 1`, again and again. */
export class Check {
  readonly type: MessageType;
  /** How many came, each in its place. */
  seen = 0;
  #due = 0;
  readonly #period: number;
  #mistake: string | undefined;

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

  /** What is wrong when so many were handed over; undefined: nothing. */
  verdict(handedOver: number): string | undefined {
    return this.#mistake ?? countVerdict(this, handedOver);
  }

  #wrong(message: Message, due: number): void {
    this.#mistake ??= `${this.type}: after ${this.seen.toLocaleString('en-US')} messages number ${message.n} came where ${due} was due`;
  }
}

/** Order holds among the messages whose numbers leave the same rest: those of one symbol, or of one channel of many. */
export class StridedCheck {
  readonly type: MessageType;
  seen = 0;
  readonly #due: Float64Array;
  readonly #period: number;
  #mistake: string | undefined;

  constructor(type: MessageType, period: number, stride: number) {
    this.type = type;
    this.#period = period;
    this.#due = Float64Array.from({ length: stride }, (_, rest) => rest);
  }

  see(batch: readonly Message[]): void {
    const due = this.#due;
    for (const { n } of batch) {
      const rest = n % due.length;
      if (n !== due[rest]) this.#mistake ??= `${this.type}: number ${n} came where ${due[rest]} was due`;
      due[rest] = n + due.length < this.#period ? n + due.length : rest;
    }
    this.seen += batch.length;
  }

  verdict(handedOver: number): string | undefined {
    return this.#mistake ?? countVerdict(this, handedOver);
  }
}

function countVerdict({ type, seen }: { readonly type: MessageType; readonly seen: number }, handedOver: number) {
  if (seen === handedOver) return undefined;
  const count = Math.abs(handedOver - seen).toLocaleString('en-US');
  const what = seen < handedOver ? 'are missing' : 'came too often';
  return `${type}: ${count} of ${handedOver.toLocaleString('en-US')} messages ${what}`;
}
