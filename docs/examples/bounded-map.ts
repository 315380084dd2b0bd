/** A map with room for `sizeMax` keys (default 50,000): past it the oldest key makes room, so a long session cannot grow. */
export class BoundedMap<Value> {
  readonly #values = new Map<string, Value>();
  readonly #sizeMax: number;

  constructor(sizeMax = 50_000) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    if (this.#values.size <= this.#sizeMax) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}

/** The price of the last trade of each symbol: the trade channel writes it, the fair-value channel reads it. */
export class LastPrices extends BoundedMap<number> {}
