import type { LaneSpec } from './contestant.ts';
import type { Message } from './message.ts';

/**
 * A user's own buffer: hands a batch over when it is full, or when its first message has waited long enough. What takes
 * the batches may queue them.
 */
export class Batcher {
  #batch: Message[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #size: number;
  readonly #timeoutMs: number;
  readonly #handOver: (batch: Message[]) => void;

  constructor({ batchSize, timeoutMs }: LaneSpec, handOver: (batch: Message[]) => void) {
    this.#size = batchSize;
    this.#timeoutMs = timeoutMs;
    this.#handOver = handOver;
  }

  push(message: Message): void {
    this.#batch.push(message);
    if (this.#batch.length >= this.#size) this.flush();
    else if (this.#batch.length === 1) this.#timer = setTimeout(this.flush, this.#timeoutMs);
  }

  readonly flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#handOver(batch);
  };
}
