import type { LaneSpec, Open } from '../contestant.ts';
import { nextTurn } from '../contestant.ts';
import type { Message } from '../message.ts';

/** Knows only what the case needs: the priority message goes at once, then one batch, then the event loop. The limit. */
export const open: Open = (specs) => {
  const lanes = new Map(specs.map((spec) => [spec.type as string, new Backlog(spec)]));
  const backlogs = [...lanes.values()].filter(({ spec }) => spec.batchSize > 1);
  let isOpen = true;
  let next = 0;
  const step = (): void => {
    if (!isOpen) return;
    backlogs[next]?.deliver();
    next = (next + 1) % backlogs.length;
    setImmediate(step);
  };
  setImmediate(step);
  return {
    push: (message) => lanes.get(message.ev)?.push(message) ?? false,
    room: nextTurn,
    async close() {
      isOpen = false;
    },
  };
};

class Backlog {
  readonly spec: LaneSpec;
  readonly #waiting: Message[] = [];

  constructor(spec: LaneSpec) {
    this.spec = spec;
  }

  push(message: Message): boolean {
    if (this.#waiting.length >= this.spec.capacity) return false;
    this.#waiting.push(message);
    if (this.spec.batchSize === 1) this.deliver();
    return true;
  }

  deliver(): void {
    if (this.#waiting.length >= this.spec.batchSize)
      this.spec.process(this.#waiting.splice(0, this.spec.batchSize))?.catch(() => {});
  }
}
