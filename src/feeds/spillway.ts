import type { Spill } from '../core/source-port.ts';
import { journalTarget } from './journal-target.ts';
import type { Pressure, Target, TargetCounts, TargetLimits } from './target.ts';

/**
 * The way by the journal. A data type that a channel had no room for takes it until everything that was written is
 * settled, so that no message overtakes another of its channel; so do the messages that the table does not know, whose
 * channel may be the same.
 */
export class Spillway {
  readonly #spill: Spill;
  readonly #target: Target;
  /** What stands for a data type; undefined: messages that the table does not know. */
  readonly #taking = new Set<unknown>();
  #last: number | undefined;
  #frame: unknown[] = [];

  constructor(spill: Spill, limits: TargetLimits, pressure: Pressure) {
    this.#spill = spill;
    this.#target = journalTarget({ write: (messages) => this.#write(messages) }, limits, pressure);
  }

  get counts(): TargetCounts {
    return this.#target.counts;
  }

  get isFull(): boolean {
    return this.#target.isFull;
  }

  /** A frame comes. Some of its messages may have to take this way. */
  begin(): boolean {
    if (this.#last === undefined) {
      // What an earlier process left there comes first.
      this.#last = this.#spill.written;
      this.#taking.add(undefined);
    }
    if (this.#taking.size > 0 && this.#target.counts.held === 0 && this.#spill.settled >= this.#last)
      this.#taking.clear();
    return this.#taking.size > 0;
  }

  takes(type: unknown): boolean {
    return this.#taking.has(type) || this.#taking.has(undefined) || (type === undefined && this.#taking.size > 0);
  }

  /** From now on messages of this type take this way, and this one is the first. */
  add(type: unknown, message: unknown): void {
    this.#taking.add(type);
    this.#frame.push(message);
  }

  /** The frame is over; a message had so many bytes. */
  end(bytesEach: number): void {
    if (this.#frame.length === 0) return;
    const messages = this.#frame;
    this.#frame = [];
    this.#target.take(messages, bytesEach * messages.length);
  }

  async #write(messages: readonly unknown[]): Promise<void> {
    await this.#spill.write(messages);
    this.#last = Math.max(this.#last ?? 0, this.#spill.written);
  }
}
