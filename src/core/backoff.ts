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

/** While a drain runs no wait is cut to less than this, in ms. */
const HURRIED_MS_MIN = 50;

/** A wait at `now`, while a drain ends at `by`: at most half of what is left of it, so that attempts go on until its end. */
export function hurriedMs(ms: number, by: number, now: number): number {
  return by > now ? Math.min(ms, Math.max(HURRIED_MS_MIN, (by - now) / 2)) : ms;
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
