import { setImmediate as nextTurn } from 'node:timers';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';

/** A clock that stands still until a test moves it; also fits XState's `clock` option. */
export interface SimulatedClock extends Clock {
  /** Number of pending timers and immediates. */
  readonly pending: number;
  /** Advances time by `ms` and calls every callback that becomes due on the way, each at its own time. */
  advance(ms: number): Promise<void>;
  /** Calls the callbacks that are due now and lets promises continue, without advancing time. */
  settle(): Promise<void>;
  /** Advances time by `ms` in one step, like busy code or a suspended machine. The next step calls what became due. */
  jump(ms: number): void;
}

interface SimulatedClockOptions {
  /** First value of `now()` in milliseconds; 0 by default. */
  readonly startMs?: number;
  /** First value of `wallTime()` in milliseconds since 1970; the start of 2024 (UTC) by default. */
  readonly wallStartMs?: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly callback: () => void;
}

const STEPS_PER_INSTANT_MAX = 1_000_000;
const START_OF_2024_MS = 1_704_067_200_000;

/** Creates a clock for tests. Callbacks are called in the order of their times, then of creation. */
export function createSimulatedClock(options: SimulatedClockOptions = {}): SimulatedClock {
  checkOptions('createSimulatedClock', options, { startMs: true, wallStartMs: true });
  const { startMs = 0, wallStartMs = START_OF_2024_MS } = options;
  // Sorted by due time, the latest first, so that the next one is popped off the end.
  const waiting: Waiting[] = [];
  let nowMs = startMs;
  let advancing = false;

  function wait(callback: () => void, ms: number): Waiting {
    const entry = { dueMs: nowMs + ms, callback };
    waiting.splice(insertionIndex(waiting, entry.dueMs), 0, entry);
    return entry;
  }

  function cancel(handle: unknown): void {
    const handles: readonly unknown[] = waiting;
    const index = handles.indexOf(handle);
    if (index >= 0) waiting.splice(index, 1);
  }

  async function callUntil(endMs: number): Promise<void> {
    let steps = 0;
    let steppedAtMs = nowMs;
    await promisesSettled();
    for (let next = waiting.at(-1); next !== undefined && next.dueMs <= endMs; next = waiting.at(-1)) {
      nowMs = Math.max(nowMs, next.dueMs);
      steps = nowMs > steppedAtMs ? 1 : steps + 1;
      steppedAtMs = nowMs;
      if (steps > STEPS_PER_INSTANT_MAX)
        throw new Error(`more than ${steps - 1} callbacks at ${nowMs} ms: one of them re-arms itself`);
      waiting.pop();
      next.callback();
      await promisesSettled();
    }
    nowMs = Math.max(nowMs, endMs);
  }

  async function advance(ms: number): Promise<void> {
    checkForward(ms);
    if (advancing) throw new SluiceError('refused', 'the clock is already being advanced: await the earlier call');
    advancing = true;
    try {
      await callUntil(nowMs + ms);
    } finally {
      advancing = false;
    }
  }

  return {
    now: () => nowMs,
    wallTime: () => wallStartMs + nowMs - startMs,
    // As on the system clock: whole milliseconds, rounded up, and at least one.
    setTimeout: (callback, ms) => wait(callback, ms >= 1 ? Math.ceil(ms) : 1),
    clearTimeout: cancel,
    setImmediate: (callback) => wait(callback, 0),
    clearImmediate: cancel,
    get pending() {
      return waiting.length;
    },
    advance,
    settle: () => advance(0),
    jump(ms) {
      checkForward(ms);
      nowMs += ms;
    },
  };
}

/** A turn of the real event loop: as cheap as twenty awaits (1.4 µs), and no chain of promises or ticks is too long for it. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}

/** Before all that are due at the same time or earlier: those are called first. */
function insertionIndex(waiting: readonly Waiting[], dueMs: number): number {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((waiting[middle]?.dueMs ?? 0) > dueMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkForward(ms: number): void {
  if (ms >= 0 && Number.isFinite(ms)) return;
  throw invalidOption(`ms must be a finite number of milliseconds from 0, got ${ms}`);
}
