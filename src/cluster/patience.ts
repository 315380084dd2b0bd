import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';

/** Resolves after so long, or at once when the signal aborts. */
export async function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted !== true) await new NextChange(clock).wait(ms, signal);
}

/** The broker may be away, or slow. */
export class Unanswered extends Error {}

/** The promise, but rejects when it has not settled after so long: a client's promise may never settle. */
export function within<Value>(clock: Clock, ms: number, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Unanswered(`the broker has not answered for ${Math.round(ms)} ms`));
    const timer = clock.setTimeout(late, ms);
    const stop = (): void => clock.clearTimeout(timer);
    // `finally` would cost more than all the rest of a command.
    promise.then(stop, stop);
    promise.then(resolve, reject);
  });
}
