import type { Clock } from '../core/clock.ts';
import type { FoundGap } from './gaps.ts';

/** Messages that were let go one after the other become one gap. */
export class DroppedRun {
  readonly #clock: Clock;
  readonly #found: (gap: FoundGap) => void;
  #missing = 0;
  #from = 0;
  #to = 0;

  constructor(clock: Clock, found: (gap: FoundGap) => void) {
    this.#clock = clock;
    this.#found = found;
  }

  add(): void {
    this.#to = this.#clock.wallTime();
    if (this.#missing === 0) this.#from = this.#to;
    this.#missing += 1;
  }

  /** What comes now is taken in again. */
  close(): void {
    if (this.#missing === 0) return;
    const missing = this.#missing;
    this.#missing = 0;
    this.#found({ reason: 'full', of: null, from: this.#from, to: this.#to, unit: 'ms', missing });
  }
}
