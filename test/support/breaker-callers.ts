import type { Breaker, BreakerChange, Caller } from '../../src/core/breaker.ts';

/** Makes as many calls at once as asked, and hears of every change of their breaker. */
export class BreakerCallers {
  readonly #callers: Caller[] = [];
  readonly changes: BreakerChange[] = [];
  readonly #breaker: Breaker;
  readonly #clock: { readonly time: number };

  constructor(breaker: Breaker, clock: { readonly time: number }) {
    this.#breaker = breaker;
    this.#clock = clock;
    breaker.join(this.#callers, (change) => this.changes.push(change));
  }

  /** A call goes out; whoever is returned tells of its outcome. */
  start(): Caller {
    const caller = { epoch: -1, startedAt: this.#clock.time };
    this.#callers.push(caller);
    this.#breaker.callStarted(caller);
    return caller;
  }
}
