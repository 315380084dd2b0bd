import type { Clock } from '../../src/core/clock.ts';

/** A clock whose timers never come any more once it is killed, or not before it is woken: `kill -9`, SIGSTOP, SIGCONT. */
export interface MortalClock extends Clock {
  kill(): void;
  pause(): void;
  resume(): void;
}

export function mortalClock(clock: Clock): MortalClock {
  let isDead = false;
  let held: (() => void)[] | undefined;
  const guarded = (callback: () => void) => (): void => {
    if (isDead) return;
    if (held !== undefined) held.push(callback);
    else callback();
  };
  return {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    setTimeout: (callback, ms) => clock.setTimeout(guarded(callback), ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    setImmediate: (callback) => clock.setImmediate(guarded(callback)),
    clearImmediate: (handle) => clock.clearImmediate(handle),
    kill() {
      isDead = true;
    },
    pause() {
      held ??= [];
    },
    resume() {
      const due = held ?? [];
      held = undefined;
      for (const callback of due) callback();
    },
  };
}
