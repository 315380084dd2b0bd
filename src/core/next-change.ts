import type { Clock } from './clock.ts';

/** Where something waits until anything has changed, and then looks again. */
export class NextChange {
  private readonly clock: Clock;
  private readonly waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves at the next `notify`, or after so many ms; the caller looks whether that was what it waits for. */
  wait(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : this.clock.setTimeout(() => go(), ms);
      const go = (): void => {
        this.waiting.delete(go);
        this.clock.clearTimeout(timer);
        resolve();
      };
      this.waiting.add(go);
    });
  }

  notify(): void {
    for (const go of [...this.waiting]) go();
  }
}
