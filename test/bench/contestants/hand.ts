import { Batcher, joinLanes, type Lane, type LaneSpec } from '../contestant.ts';
import type { Message } from '../message.ts';

/** What a good programmer writes in an hour: bounded, batched by size and time, one call after the other. */
export class HandWritten implements Lane {
  readonly #spec: LaneSpec;
  readonly #batcher: Batcher;
  readonly #full: Message[][] = [];
  #waiting = 0;
  #isBusy = false;

  constructor(spec: LaneSpec) {
    this.#spec = spec;
    this.#batcher = new Batcher(spec, (batch) => {
      this.#full.push(batch);
      if (!this.#isBusy) this.#deliver().catch(() => {});
    });
  }

  push(message: Message): boolean {
    if (this.#waiting >= this.#spec.capacity) return false;
    this.#waiting += 1;
    return this.#batcher.push(message);
  }

  close(): void {
    this.#batcher.close();
  }

  async #deliver(): Promise<void> {
    this.#isBusy = true;
    for (let batch = this.#full.shift(); batch !== undefined; batch = this.#full.shift()) {
      this.#waiting -= batch.length;
      const call = this.#spec.process(batch);
      if (call !== undefined) await call;
    }
    this.#isBusy = false;
  }
}

export const open = joinLanes((spec) => new HandWritten(spec));
