import type { Slot } from './slot.ts';

/** How much later than others a slot tries a sink that it has just tried, in ms; a constant, so that a reload changes no timer. */
const YIELD_MS = 20;

/** Until the oldest message of a slot has waited `timeoutMs`. */
export function dueInMs({ oldestAcceptedAt, config, world }: Slot): number {
  return Math.max(0, oldestAcceptedAt + config.timeoutMs - world.clock.now());
}

/**
 * Until the sink of a slot may be tried: when its cool-down is over, or the longer rest that it asked for. Of several
 * that share a breaker, those come first that have not tried for longest: one that always fails would keep it open
 * before all others.
 */
export function probeInMs({ askedUntil, breaker, config, probedIn, recovery, world }: Slot): number {
  const isAlone = config.partitions === 1 && (config.breaker === false || config.breaker.shared === undefined);
  const yieldMs = isAlone ? 0 : YIELD_MS / Math.max(1, (breaker?.opened ?? 0) - probedIn);
  const openUntil = breaker === undefined || breaker.state === 'closed' ? 0 : breaker.openUntil + yieldMs;
  return Math.max(0, Math.max(recovery.size === 0 ? 0 : askedUntil, openUntil) - world.clock.now());
}
