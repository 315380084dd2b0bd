import { Batcher } from '../batcher.ts';
import { joinLanes, type Lane, type LaneSpec, nextTurn } from '../contestant.ts';
import type { Message } from '../message.ts';

/** What a good programmer writes in an hour: bounded, batched by size and time, one call after the other. */
export class HandWritten implements Lane {
  readonly #spec: LaneSpec;
  readonly #batcher: Batcher;
  readonly #yields: boolean;
  readonly #full: Message[][] = [];
  #waiting = 0;
  #isBusy = false;

  constructor(spec: LaneSpec, yields: boolean) {
    this.#spec = spec;
    this.#yields = yields;
    this.#batcher = new Batcher(spec, (batch) => {
      this.#full.push(batch);
      if (!this.#isBusy) this.#deliver().catch(() => {});
    });
  }

  push(message: Message): boolean {
    if (this.#waiting >= this.#spec.capacity) return false;
    this.#waiting += 1;
    this.#batcher.push(message);
    return true;
  }

  close(): void {
    this.#batcher.flush();
  }

  async #deliver(): Promise<void> {
    this.#isBusy = true;
    for (let batch = this.#full.shift(); batch !== undefined; batch = this.#full.shift()) {
      this.#waiting -= batch.length;
      const call = this.#spec.process(batch);
      if (call !== undefined) await call;
      if (this.#yields && batch.length > 1) await nextTurn();
    }
    this.#isBusy = false;
  }
}

export const open = joinLanes((spec) => new HandWritten(spec, false));
