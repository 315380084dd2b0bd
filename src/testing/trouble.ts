import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { CommitOutcome } from '../core/source-port.ts';

/** Delays and failures from a seed. */
export class Trouble {
  readonly #clock: Clock;
  readonly #random: Random;
  #delayMs: number;
  #failures: number;

  constructor(clock: Clock, random: Random, delayMs: number, failures: number) {
    this.#clock = clock;
    this.#random = random;
    this.#delayMs = delayMs;
    this.#failures = failures;
  }

  end(): void {
    this.#delayMs = 0;
    this.#failures = 0;
  }

  get strikes(): boolean {
    return this.#random() < this.#failures;
  }

  async delay(): Promise<void> {
    const ms = Math.floor(this.#random() * (this.#delayMs + 1));
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, ms));
  }

  async pass(failure: string): Promise<void> {
    await this.delay();
    if (this.strikes) throw new Error(failure);
  }

  async write(write: () => Promise<CommitOutcome>): Promise<CommitOutcome> {
    await this.delay();
    if (!this.strikes) return write();
    if (this.strikes) await write();
    return 'unknown';
  }
}
