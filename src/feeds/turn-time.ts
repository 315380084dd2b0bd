import type { Clock } from '../core/clock.ts';

/** Time as it was at the first reading in a turn of the event loop: many frames come in one, and a reading costs as much as routing. */
export class TurnTime {
  readonly #clock: Clock;
  #isFresh = false;
  #now = 0;
  #wallTime = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get now(): number {
    if (!this.#isFresh) this.#read();
    return this.#now;
  }

  get wallTime(): number {
    if (!this.#isFresh) this.#read();
    return this.#wallTime;
  }

  #read(): void {
    this.#now = this.#clock.now();
    this.#wallTime = this.#clock.wallTime();
    this.#isFresh = true;
    this.#clock.setImmediate(() => {
      this.#isFresh = false;
    });
  }
}
