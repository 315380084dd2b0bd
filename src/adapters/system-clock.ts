import type { Clock } from '../core/clock.ts';
import { WAIT_MS_MAX } from '../core/patient-timers.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  handle?: NodeJS.Timeout;
}

/** The clock of this computer. Its timers keep the process alive, as timers do. */
export function createSystemClock(): Clock {
  // The global is a getter, and this is asked for every message.
  const timer = performance;
  return {
    now: () => timer.now(),
    wallTime: () => Date.now(),
    setTimeout(callback, ms) {
      const armed: Timer = { dueMs: performance.now() + ms, callback };
      arm(armed);
      return armed;
    },
    clearTimeout: (timer) => clearTimeout((timer as Timer | undefined)?.handle), // Only `setTimeout` above makes them.
    setImmediate: (callback) => setImmediate(callback),
    clearImmediate: (handle) => clearImmediate(handle as NodeJS.Immediate | undefined), // As above.
  };
}

/** Node cuts fractions and may call back up to 1 ms early; the port promises "not before", so the rest is waited out. */
function arm(timer: Timer): void {
  const waitMs = Math.ceil(timer.dueMs - performance.now());
  timer.handle = setTimeout(
    () => {
      if (performance.now() < timer.dueMs) arm(timer);
      else timer.callback();
    },
    waitMs >= 1 ? Math.min(waitMs, WAIT_MS_MAX) : 1,
  );
}
