import type { ChannelConfig } from '../config/schema.ts';
import { Intensity } from '../core/intensity.ts';

/** How often a partition failed lately, and when it is started again. */
export class Restarts {
  /** Undefined: it never failed. */
  private intensity: Intensity | undefined = undefined;
  private restartAt = 0;
  private isOver = false;

  /** It failed too often and is not started again, except by hand. */
  get isGivenUp(): boolean {
    return this.isOver;
  }

  /** When it is started again, in ms on the clock. */
  get at(): number {
    return this.restartAt;
  }

  /** Failures within the window that ends at `now`. */
  lately(now: number): number {
    return this.intensity?.count(now) ?? 0;
  }

  /** It failed at `now`. False: that was once too often. */
  failed({ limit, withinMs, delayMs, delayMsMax }: ChannelConfig['restart'], now: number): boolean {
    this.intensity = Object.assign(this.intensity ?? new Intensity(limit, withinMs), { limit, withinMs });
    this.isOver = !this.intensity.note(now);
    this.restartAt = now + Math.min(delayMsMax, delayMs * 2 ** (this.intensity.count(now) - 1));
    return !this.isOver;
  }

  /** An operator takes over: failures before no longer count, and the next start may come at once. */
  forgive(now: number): void {
    this.intensity?.reset();
    this.isOver = false;
    this.restartAt = now;
  }
}
