import { type LaneSpec, nextTurn, type Open } from '../contestant.ts';
import type { Message } from '../message.ts';

/** An array and a loop: no timer, no bound, and no call is awaited. The limit, not something to run. */
export const open: Open = (specs) => {
  const [trades, bars, fairValues] = specs.map((spec) => new Bare(spec));
  return {
    push(message) {
      const lane = message.ev === 'T' ? trades : message.ev === 'AM' ? bars : fairValues;
      lane?.push(message);
      return true;
    },
    room: nextTurn,
    async close() {},
  };
};

class Bare {
  readonly #spec: LaneSpec;
  #batch: Message[] = [];

  constructor(spec: LaneSpec) {
    this.#spec = spec;
  }

  push(message: Message): void {
    this.#batch.push(message);
    if (this.#batch.length < this.#spec.batchSize) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#spec.process(batch)?.catch(() => {});
  }
}
