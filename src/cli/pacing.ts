import { pause } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { messageTimeMs } from './message-time.ts';
import type { Problems } from './problems.ts';

/** A message this far behind the latest one is told, in ms: bars come a little after their end. */
const STALE_MS = 5_000;
/** A wait this long is told, in ms: it looks like a replay that hangs. */
const LONG_MS = 60_000;

/** What hears of messages whose times cannot be followed. */
export type PaceListener = Pick<Problems, 'addUnpaced' | 'addLongWait'>;

/**
 * Passes messages on when they are due by their own times, `factor` times as fast as recorded. The first message sets
 * the start. A message whose time has passed does not wait, so times may go back.
 */
export async function* paced(
  batches: AsyncIterable<readonly unknown[]>,
  factor: number,
  clock: Clock,
  signal: AbortSignal,
  listener: PaceListener,
): AsyncGenerator<readonly unknown[]> {
  let offsetMs: number | undefined;
  let latestMs = Number.NEGATIVE_INFINITY;
  for await (const batch of batches) {
    let due: unknown[] = [];
    for (const message of batch) {
      const timeMs = messageTimeMs(message);
      if (timeMs === undefined) listener.addUnpaced('missing');
      else {
        if (timeMs < latestMs - STALE_MS) listener.addUnpaced('stale');
        latestMs = Math.max(latestMs, timeMs);
        offsetMs ??= clock.now() - timeMs / factor;
        const waitMs = offsetMs + timeMs / factor - clock.now();
        // Timers know whole milliseconds; less than one is caught up with by the next wait.
        if (waitMs >= 1) {
          if (due.length > 0) yield due;
          due = [];
          if (waitMs >= LONG_MS) listener.addLongWait(waitMs, timeMs);
          await pause(clock, waitMs, signal);
          if (signal.aborted) return;
        }
      }
      due.push(message);
    }
    if (due.length > 0) yield due;
  }
}
