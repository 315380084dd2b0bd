/**
 * How often something happened lately: a sliding window, as in Erlang's supervisors. Both limits may change at any time;
 * at most `limit + 1` stamps are kept.
 */
export class Intensity {
  /** How many times are still tolerated within the window. */
  limit: number;
  /** The length of the window, in milliseconds. */
  withinMs: number;
  #stamps: number[] = [];

  constructor(limit: number, withinMs: number) {
    this.limit = limit;
    this.withinMs = withinMs;
  }

  /** It happened at `now`. True: still within the limit. False: once too often. */
  note(now: number): boolean {
    this.#stamps = [...this.#stamps, now].slice(-(this.limit + 1));
    return this.count(now) <= this.limit;
  }

  /** How many times it happened within the window that ends at `now`; more than `limit + 1` are not told apart. */
  count(now: number): number {
    this.#stamps = this.#stamps.filter((stamp) => stamp >= now - this.withinMs);
    return this.#stamps.length;
  }

  /** Forgets everything: an operator has taken over. */
  reset(): void {
    this.#stamps = [];
  }
}
