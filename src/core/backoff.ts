import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

const TOKENS_FLOOR = 3;
const TOKENS_PER_BUDGET_MAX = 100;
const REFILL_MS = 1_000;
const DOUBLINGS_MAX = 1_000;

/** How long to wait before another attempt. */
export interface BackoffLimits {
  /** The longest wait after the first failure, in milliseconds. */
  readonly delayMs: number;
  /** By how much it grows with each further failure. */
  readonly factor: number;
  /** No wait is longer than this, in milliseconds. */
  readonly delayMsMax: number;
}

/**
 * The wait after failure number `attempt` (from 1): somewhere between 0 and delayMs · factor^(attempt − 1).
 * Source: "full jitter", AWS Architecture Blog 2015. The growth is cut before the jitter, so that waits stay spread at the
 * limit, and once more after it, so that no source of chance can exceed the limit.
 */
export function backoffMs(limits: BackoffLimits, attempt: number, random: Random): number {
  const growth = limits.factor ** (attempt > 1 ? Math.min(attempt - 1, DOUBLINGS_MAX) : 0);
  const ceilingMs = Math.min(limits.delayMsMax, limits.delayMs * growth);
  return Math.min(limits.delayMsMax, Math.max(0, random() * ceilingMs)) || 0;
}

/**
 * Keeps retries to a share of the calls: each first attempt brings `budget` tokens (for at most 100 first attempts), each
 * retry takes one. One token a second comes back by itself, up to 3, so that small traffic may retry and nobody
 * waits for ever. Source: failsafe-go (at least 3) and Finagle (20 %, and some a second whatever the share).
 */
export class RetryBudget {
  /** Retries per first attempt: 0.2 allows one retry for five calls; 1 allows any number. May change at any time. */
  budget: number;
  private readonly clock: Pick<Clock, 'now'>;
  private tokens = TOKENS_FLOOR;
  private refilledAt: number;

  constructor(budget: number, clock: Pick<Clock, 'now'>) {
    this.budget = budget;
    this.clock = clock;
    this.refilledAt = clock.now();
  }

  /** A first attempt was made. */
  earn(): void {
    const tokensMax = TOKENS_FLOOR + this.budget * TOKENS_PER_BUDGET_MAX;
    if (this.tokens !== tokensMax) this.tokens = Math.min(tokensMax, this.tokens + this.budget);
  }

  /** Pays for a retry; false: not now, see `waitMs`. */
  spend(): boolean {
    if (this.waitMs() > 0) return false;
    this.tokens -= 1;
    return true;
  }

  /** How long until a retry can be paid for if no first attempt comes; 0: now. */
  waitMs(): number {
    if (this.budget >= 1) return 0;
    const now = this.clock.now();
    const refills = Math.floor((now - this.refilledAt) / REFILL_MS);
    this.refilledAt += refills * REFILL_MS;
    if (this.tokens < TOKENS_FLOOR) this.tokens = Math.min(TOKENS_FLOOR, this.tokens + refills);
    return this.tokens >= 1 ? 0 : this.refilledAt + REFILL_MS - now;
  }
}
