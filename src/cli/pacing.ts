import type { Clock } from '../core/clock.ts';

/** Times outside 2000–2100 are ignored: such a time must not make the replay wait for a century. */
const TIME_MS_MIN = Date.UTC(2000);
const TIME_MS_MAX = Date.UTC(2100);

/** The time of a message in ms since 1970: its `t`, or the end `e` of a bar. Feeds write ns, µs or ms, which differ in size. */
export function messageTimeMs(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { t, e }: { t?: unknown; e?: unknown } = message;
  const time = typeof t === 'number' ? t : e;
  if (typeof time !== 'number') return undefined;
  const timeMs = time >= 1e17 ? time / 1e6 : time >= 1e14 ? time / 1e3 : time;
  return timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX ? timeMs : undefined;
}

/**
 * Passes messages on when they are due by their own times, `factor` times as fast as recorded. The first message sets
 * the start. A message whose time has passed does not wait, so times may go back.
 */
export async function* paced(
  batches: AsyncIterable<readonly unknown[]>,
  factor: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[]> {
  let offsetMs: number | undefined;
  for await (const batch of batches) {
    let due: unknown[] = [];
    for (const message of batch) {
      const timeMs = messageTimeMs(message);
      if (timeMs !== undefined) {
        offsetMs ??= clock.now() - timeMs / factor;
        const waitMs = offsetMs + timeMs / factor - clock.now();
        // Timers know whole milliseconds; less than one is caught up with by the next wait.
        if (waitMs >= 1) {
          if (due.length > 0) yield due;
          due = [];
          await wait(waitMs, clock, signal);
          if (signal.aborted) return;
        }
      }
      due.push(message);
    }
    if (due.length > 0) yield due;
  }
}

/** Settles after `ms`, or as soon as the signal aborts. */
function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}
