import type { Timers } from './patient-timers.ts';

/** Where something waits until anything has changed, and then looks again. */
export class NextChange {
  private readonly timers: Timers;
  private readonly waiting = new Set<() => void>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Resolves at the next `notify`, after so many ms or with the signal; the caller looks whether it waited for that. */
  wait(ms?: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : this.timers.setTimeout(() => go(), ms);
      const go = (): void => {
        this.waiting.delete(go);
        this.timers.clearTimeout(timer);
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
