/** Numbers by key, at most `sizeMax` of them (default 50,000): a new key beyond that evicts the oldest key. */
export class BoundedMap {
  readonly #values: Map<string, number> = new Map();
  readonly #sizeMax: number;

  constructor(sizeMax = 50_000) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): number | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: number): void {
    this.#values.set(key, value);
    if (this.#values.size <= this.#sizeMax) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
