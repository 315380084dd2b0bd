/** A call that went out. */
export interface Call {
  /** The stay of the breaker that admitted it. */
  readonly epoch: number;
  readonly startedAt: number;
}

const UNKNOWN: Call = { epoch: -1, startedAt: 0 };

/**
 * The calls a breaker has let out and not heard of again. A ticket is a number that is never used twice, so an outcome that
 * is told twice finds nothing. They are few (one per partition), hence arrays that are searched; their records are used
 * again, so a call allocates nothing.
 */
export class CallsInFlight {
  #size = 0;
  #lastTicket = 0;
  readonly #calls: { ticket: number; epoch: number; startedAt: number }[] = [];

  get size(): number {
    return this.#size;
  }

  /** The ticket of a new call. */
  start(epoch: number, now: number): number {
    this.#lastTicket += 1;
    const call = this.#calls[this.#size];
    if (call === undefined) this.#calls.push({ ticket: this.#lastTicket, epoch, startedAt: now });
    else {
      call.ticket = this.#lastTicket;
      call.epoch = epoch;
      call.startedAt = now;
    }
    this.#size += 1;
    return this.#lastTicket;
  }

  /** Ends a call and tells of it, until the next one starts; epoch -1 when it is not in flight. */
  settle(ticket: number): Call {
    for (let index = 0; index < this.#size; index += 1) {
      const call = this.#calls[index];
      if (call?.ticket !== ticket) continue;
      this.#size -= 1;
      this.#calls[index] = this.#calls[this.#size] ?? call;
      this.#calls[this.#size] = call;
      return call;
    }
    return UNKNOWN;
  }

  /** How many calls of this epoch have been out since `startedAt` or longer. */
  olderThan(startedAt: number, epoch: number): number {
    let older = 0;
    for (let index = 0; index < this.#size; index += 1) {
      const call = this.#calls[index];
      if (call !== undefined && call.epoch === epoch && call.startedAt <= startedAt) older += 1;
    }
    return older;
  }
}
