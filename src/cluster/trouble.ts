import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';

/** What fails again and again, and since when. */
export class Trouble {
  readonly #clock: Clock;
  #text: string | undefined;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It failed again; undefined: it went well. */
  note(error: unknown): void {
    if (error !== undefined && this.#text === undefined) this.#since = this.#clock.now();
    this.#text = error === undefined ? undefined : errorText(error);
  }

  /** What went wrong last, if nothing has gone well for so long. */
  lasting(ms: number): string | undefined {
    return this.#clock.now() - this.#since >= ms ? this.#text : undefined;
  }
}
