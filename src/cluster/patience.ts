import type { Clock } from '../core/clock.ts';
import type { NextChange } from '../core/next-change.ts';

/** A read without frames lasts so long. */
const READ_WAIT_MS = 1_000;

/** Resolves after so long, or at once when the signal aborts. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** The promise, but rejects when it has not settled after so long: a client's promise may never settle. */
export function within<Value>(clock: Clock, ms: number, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new Error(`the broker has not answered for ${Math.round(ms)} ms`)), ms);
    promise.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

/** Until it holds, the signal aborts or a read has lasted long enough; calls `ask` before each wait. */
export async function readWait(
  clock: Clock,
  changes: NextChange,
  signal: AbortSignal,
  holds: () => boolean,
  ask: () => void,
): Promise<void> {
  const until = clock.now() + READ_WAIT_MS;
  const end = (): void => changes.notify();
  signal.addEventListener('abort', end, { once: true });
  while (!signal.aborted && !holds() && clock.now() < until) {
    ask();
    await changes.wait(until - clock.now());
  }
  signal.removeEventListener('abort', end);
}
