import type { Breaker } from '../core/breaker.ts';
import type { Recovery } from '../core/recovery.ts';

/** A rest that a sink asks for is kept by all that deliver to it: the partitions of a channel, or all behind one breaker. */
export class SinkRest {
  #recoveries: Recovery[] = [];

  join(recovery: Recovery): void {
    // An empty array would grow by seventeen places at once, and most have one.
    if (this.#recoveries.length === 0) this.#recoveries = [recovery];
    else this.#recoveries.push(recovery);
  }

  leave(recovery: Recovery): void {
    this.#recoveries = this.#recoveries.filter((each) => each !== recovery);
  }

  /** The sink asked not to be tried until then, in ms on the clock. */
  ask(until: number): void {
    for (const recovery of this.#recoveries) recovery.rest(until);
  }
}

const rests = new WeakMap<Breaker, SinkRest>();

/** That of the sink behind a breaker that others may have, too; else of a channel alone. */
export function restOf(breaker: Breaker | undefined, isShared: boolean): SinkRest {
  if (breaker === undefined || !isShared) return new SinkRest();
  const rest = rests.get(breaker) ?? new SinkRest();
  rests.set(breaker, rest);
  return rest;
}
