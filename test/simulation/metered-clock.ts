import type { Clock } from '../../src/index.ts';

/** A clock for the router alone: the timers it has set can be told from those of the simulated world. */
export interface MeteredClock extends Clock {
  /** Timers and immediates of the router that wait to be called. */
  readonly pending: number;
}

/** Passes everything on to another clock and counts. */
export function meter(clock: Clock): MeteredClock {
  const waiting = new Set<unknown>();
  const counted = (wait: (callback: () => void) => unknown, callback: () => void): unknown => {
    const handle = wait(() => {
      waiting.delete(handle);
      callback();
    });
    waiting.add(handle);
    return handle;
  };
  return {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    setTimeout: (callback, ms) => counted((called) => clock.setTimeout(called, ms), callback),
    setImmediate: (callback) => counted((called) => clock.setImmediate(called), callback),
    clearTimeout(handle) {
      waiting.delete(handle);
      clock.clearTimeout(handle);
    },
    clearImmediate(handle) {
      waiting.delete(handle);
      clock.clearImmediate(handle);
    },
    get pending() {
      return waiting.size;
    },
  };
}
