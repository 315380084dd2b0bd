import { type BackoffLimits, backoffMs } from './backoff.ts';

/** How often something may fail, and how long it waits before it is started again. */
export interface RestartLimits extends Omit<BackoffLimits, 'factor'> {
  /** How many failures are tolerated within the window. */
  readonly limit: number;
  /** The length of the window, in milliseconds. */
  readonly withinMs: number;
}

const NEVER_FAILED: readonly number[] = Object.freeze([]);

/** Whether something that failed is started again, and when: a sliding window of failures, as in Erlang's supervisors. */
export class RestartLimit {
  /** When it failed; at most `limit + 1` times are kept. */
  private failures = NEVER_FAILED;
  /** When it is started again, in ms on the clock. */
  at = 0;
  /** It failed too often and is not started again, except by hand. */
  isGivenUp = false;

  /** Failures within the window that ends at `now`; it counts at most `limit + 1`. */
  lately(withinMs: number, now: number): number {
    return this.failures.filter((failedAt) => failedAt >= now - withinMs).length;
  }

  /** It failed at `now`. False: that was once too often. */
  failed({ limit, withinMs, delayMs, delayMsMax }: RestartLimits, now: number): boolean {
    this.failures = [...this.failures, now].slice(-(limit + 1));
    const count = this.lately(withinMs, now);
    this.isGivenUp = count > limit;
    this.at = now + backoffMs({ delayMs, factor: 2, delayMsMax }, count, () => 1);
    return !this.isGivenUp;
  }

  /** It failed in a way that no other start can help. */
  giveUp(): void {
    this.isGivenUp = true;
  }

  /** An operator takes over: failures before no longer count, and the next start may come at once. */
  forgive(now: number): void {
    this.failures = NEVER_FAILED;
    this.isGivenUp = false;
    this.at = now;
  }
}
