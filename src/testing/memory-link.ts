import { pause } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';

/** How often something goes wrong between a member and the broker, from 0 to 1. */
export interface BrokerFaults {
  /** A request arrives after up to so many milliseconds, and its answer after as many again; 0 by default. */
  readonly delayMs?: number;
  /** A write is applied, and its answer is lost. */
  readonly lostAnswers?: number;
  /** A request is lost. */
  readonly lostRequests?: number;
  /** A write is given up by its client, and applied later all the same. */
  readonly lateWrites?: number;
}

/** A write that its client gave up arrives up to so much later. */
const LATE_MS_MAX = 5_000;

/** The way between one member and a broker in memory, with everything that happens to requests and answers on it. */
export class MemoryLink {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: () => BrokerFaults;
  #isCut = false;

  constructor(clock: Clock, random: Random, faults: () => BrokerFaults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
  }

  read<Value>(answer: () => Value): Promise<Value> {
    return this.#ask(answer, false);
  }

  write<Value>(apply: () => Value): Promise<Value> {
    return this.#ask(apply, true);
  }

  async #ask<Value>(apply: () => Value, isWrite: boolean): Promise<Value> {
    const { lostRequests = 0, lostAnswers = 0, lateWrites = 0 } = this.#faults();
    await this.#delay();
    if (this.#isCut || this.#random() < lostRequests) throw new Error('the connection is cut');
    if (isWrite && this.#random() < lateWrites) {
      this.#clock.setTimeout(() => void apply(), this.#random() * LATE_MS_MAX);
      throw new Error('no answer in time');
    }
    const answer = apply();
    await this.#delay();
    if (this.#isCut || (isWrite && this.#random() < lostAnswers)) throw new Error('the answer was lost');
    return answer;
  }

  async #delay(): Promise<void> {
    const { delayMs = 0 } = this.#faults();
    if (delayMs > 0) await pause(this.#clock, this.#random() * delayMs);
  }
}
