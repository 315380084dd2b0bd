import type { Clock } from './clock.ts';

/** No timer of Node waits longer: it would fire at once. */
export const WAIT_MS_MAX = 2 ** 31 - 1;
/** A timer that fires so much later than it should found the event loop standing still, in ms. */
const LATE_MS = 5;

/** The part of a clock that waits. */
export type Timers = Pick<Clock, 'setTimeout' | 'clearTimeout'>;

/** `dueAt`: in ms on the clock. */
interface Wait {
  readonly callback: () => void;
  readonly dueAt: number;
  /** Those that it waits with. */
  group: Group | undefined;
}

/** Waits that end within the same millisecond, and their timer: one for each of thousands of waits costs more than all else. */
interface Group {
  readonly key: unknown;
  readonly waits: Set<Wait>;
  /** When the first of them ends: what the timer is set to. */
  dueAt: number;
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
  const groups = new Map<unknown, Group>();
  const leave = (group: Group): void => {
    timers.clearTimeout(group.timer);
    if (group.turn !== undefined) clock.clearImmediate(group.turn);
    if (groups.get(group.key) === group) groups.delete(group.key);
  };
  const run = (group: Group, hadTurn = false): void => {
    // What is set meanwhile waits in another group.
    leave(group);
    // The timers of a host fire by a clock of their own, so none of them is shared.
    const now = Math.max(clock.now(), group.dueAt);
    try {
      for (const wait of group.waits) {
        if (!hadTurn && clock.now() - wait.dueAt >= LATE_MS) break;
        if (wait.dueAt <= now && group.waits.delete(wait)) wait.callback();
      }
    } finally {
      // They end later in this millisecond, or come after one that threw or took long.
      for (const wait of group.waits) join(wait, wait.dueAt - now);
    }
  };
  const join = (wait: Wait, ms: number): void => {
    const { dueAt } = wait;
    const key = timers === clock ? Math.floor(dueAt) : wait;
    const group = groups.get(key) ?? { key, waits: new Set(), dueAt: Infinity, timer: undefined, turn: undefined };
    groups.set(key, group);
    group.waits.add(wait);
    wait.group = group;
    if (dueAt >= group.dueAt) return;
    timers.clearTimeout(group.timer);
    group.dueAt = dueAt;
    group.timer = timers.setTimeout(() => {
      if (clock.now() - group.dueAt < LATE_MS) run(group);
      else group.turn = clock.setImmediate(() => run(group, true));
    }, ms);
  };
  return {
    setTimeout: (callback, ms) => {
      const waitMs = Math.min(ms, WAIT_MS_MAX);
      const wait: Wait = { callback, dueAt: clock.now() + waitMs, group: undefined };
      join(wait, waitMs);
      return wait;
    },
    clearTimeout: (handle) => {
      // Only `setTimeout` above makes them.
      const { group } = (handle ?? {}) as Partial<Wait>;
      if (group?.waits.delete(handle as Wait) === true && group.waits.size === 0) leave(group);
    },
  };
}
