import type { Clock } from './clock.ts';

/** Where something waits until anything has changed, and then looks again. */
export class NextChange {
  private readonly clock: Clock;
  private readonly waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves at the next `notify`, after so many ms or with the signal; the caller looks whether it waited for that. */
  wait(ms?: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : this.clock.setTimeout(() => go(), ms);
      const go = (): void => {
        this.waiting.delete(go);
        this.clock.clearTimeout(timer);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      this.waiting.add(go);
      signal?.addEventListener('abort', go);
    });
  }

  notify(): void {
    for (const go of [...this.waiting]) go();
  }
}
