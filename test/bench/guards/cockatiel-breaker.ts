import type { Process } from '../contestant.ts';
import { createBreaker } from './cockatiel.ts';
import { retrying } from './hand.ts';

/** cockatiel's breaker alone, inside a retry loop of the user's own that does not wait. */
export function guard(process: Process): Process {
  const breaker = createBreaker();
  return retrying((batch) => breaker.execute(async () => process(batch)));
}
