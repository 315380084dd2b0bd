import type { Breaker } from '../../src/core/breaker.ts';
import type { BreakerChange, BreakerUser, Caller } from '../../src/core/breaker-change.ts';

/** A user of a breaker that makes as many calls at once as asked, and hears of every change. */
export class BreakerCallers implements BreakerUser {
  readonly callers: Caller[] = [];
  readonly changes: BreakerChange[] = [];
  readonly #breaker: Breaker;
  readonly #clock: { readonly time: number };

  constructor(breaker: Breaker, clock: { readonly time: number }) {
    this.#breaker = breaker;
    this.#clock = clock;
    breaker.join(this);
  }

  /** A call goes out; whoever is returned tells of its outcome. */
  start(): Caller {
    const caller = { epoch: -1, startedAt: this.#clock.time };
    this.callers.push(caller);
    this.#breaker.callStarted(caller);
    return caller;
  }

  breakerChanged(change: BreakerChange): void {
    this.changes.push(change);
  }
}
