import CircuitBreaker from 'opossum';
import type { Process } from '../contestant.ts';
import type { Message } from '../message.ts';
import { retrying } from './hand.ts';

/** opossum with the options of its readme, inside a retry loop of the user's own, because it has none. */
export function guard(process: Process): Process {
  const breaker = new CircuitBreaker(async (batch: readonly Message[]) => process(batch), {
    timeout: 3_000,
    errorThresholdPercentage: 50,
    resetTimeout: 30_000,
  });
  return retrying((batch) => breaker.fire(batch));
}
