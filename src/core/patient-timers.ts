import type { Clock } from './clock.ts';

/** No timer of Node waits longer: it would fire at once. */
export const WAIT_MS_MAX = 2 ** 31 - 1;
/** A timer that fires so much later than it should found the event loop standing still, in ms. */
const LATE_MS = 5;

/** The part of a clock that waits. */
export type Timers = Pick<Clock, 'setTimeout' | 'clearTimeout'>;

interface Wait {
  timer: unknown;
  /** The turn that the event loop gets before a late timer calls back. */
  turn: unknown;
}

/**
 * For deadlines and for waits that may be long, those of the statecharts included. A wait that no timer can take is cut. A
 * timer that fires late gives the event loop one turn before it calls back: what ended in time while the loop
 * stood still is heard first, because Node calls timers before it reads answers.
 */
export function createPatientTimers(timers: Timers, clock: Clock): Timers {
  return {
    setTimeout: (callback, ms) => {
      const waitMs = Math.min(ms, WAIT_MS_MAX);
      const dueAt = clock.now() + waitMs;
      const fire = (): void => {
        if (clock.now() - dueAt < LATE_MS) return callback();
        wait.turn = clock.setImmediate(callback);
      };
      const wait: Wait = { timer: timers.setTimeout(fire, waitMs), turn: undefined };
      return wait;
    },
    clearTimeout: (handle) => {
      // Only `setTimeout` above makes them.
      const { timer, turn } = (handle ?? {}) as Partial<Wait>;
      timers.clearTimeout(timer);
      if (turn !== undefined) clock.clearImmediate(turn);
    },
  };
}
