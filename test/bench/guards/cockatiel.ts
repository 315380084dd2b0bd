import { CountBreaker, circuitBreaker, handleAll, retry, wrap } from 'cockatiel';
import type { Process } from '../contestant.ts';

/** cockatiel's breaker with the limits of sluice's. */
export function createBreaker() {
  return circuitBreaker(handleAll, {
    halfOpenAfter: 5_000,
    breaker: new CountBreaker({ threshold: 0.5, size: 20, minimumNumberOfCalls: 10 }),
  });
}

/** Retry around a breaker, as its readme shows it. Its retry waits at least 1 ms, also with no backoff. */
export function guard(process: Process): Process {
  const policy = wrap(retry(handleAll, { maxAttempts: 3 }), createBreaker());
  return (batch) => policy.execute(async () => process(batch));
}
