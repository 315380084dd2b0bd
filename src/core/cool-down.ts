import type { Random } from './random.ts';

const DOUBLINGS_MAX = 50;

/** How long a breaker stays open. */
export interface CoolDownLimits {
  /** How long it stays open the first time, in milliseconds; each time in a row twice as long, by chance down to the half. */
  readonly coolDownMs: number;
  /** No cool-down is longer than this, in milliseconds. */
  readonly coolDownMsMax: number;
}

/** The cool-downs of one breaker. They grow until the breaker was closed for as long as the last of them took. */
export class CoolDown {
  private lastMs = 0;
  private inRow = 0;

  /** The length of the next one; `closedMs`: how long the breaker was closed before, or null if it was not. */
  // The growth is cut before the jitter, so that breakers stay spread at the limit, and after it, so that none exceeds it.
  next({ coolDownMs, coolDownMsMax }: CoolDownLimits, closedMs: number | null, random: Random): number {
    if (closedMs !== null && closedMs >= this.lastMs) this.inRow = 0;
    const ceilingMs = Math.min(coolDownMsMax, coolDownMs * 2 ** Math.min(this.inRow, DOUBLINGS_MAX));
    this.inRow += 1;
    this.lastMs = Math.min(coolDownMsMax, ceilingMs * (0.5 + 0.5 * random()));
    return this.lastMs;
  }

  /** The next one is a first one. */
  reset(): void {
    this.inRow = 0;
  }
}
