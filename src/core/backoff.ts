import type { Random } from './random.ts';

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
