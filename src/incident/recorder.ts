import type { Clock } from '../core/clock.ts';
import { createRandom, type Random } from '../core/random.ts';
import { type Entry, type IncidentRecord, TICKS_MAX } from './record.ts';
import { IncidentRing } from './ring.ts';

/**
 * Keeps what came in and what the world answered. It stands between the router and the world: the clock, chance, the
 * channels and the router's own methods, each wrapped, so that the router itself knows nothing of it.
 */
export class Recorder {
  readonly ring: IncidentRing;
  /** Timers that are armed. */
  readonly timers = new Set<number>();
  /** Promises of the router's methods that have not settled. */
  unsettled = 0;
  /** Which methods the instances of each channel have, beside `process`. */
  readonly has = new Map<string, readonly string[]>();
  lastTimer = 0;
  lastCall = 0;
  lastOffer = 0;
  /** Called before what comes in from outside, while nothing of the router runs. */
  beforeEntry: () => void = () => {};
  #depth = 0;
  #isQuiet = false;
  /** Ticks of the queue of promises, as long as anything may wait there. */
  #tick = 0;
  #tickOfEntry = 0;
  #isCounting = false;

  constructor(last: number) {
    this.ring = new IncidentRing(last);
  }

  get isOutside(): boolean {
    return this.#depth === 0;
  }

  /** Whatever came in last, all that followed from it by promises has happened. */
  get isAtRest(): boolean {
    return this.#depth === 0 && !this.#isCounting;
  }

  add(record: IncidentRecord): void {
    if (!this.#isQuiet) this.ring.add(record);
  }

  /** Looks at the router itself: what that asks is no part of the run. */
  quietly<Value>(look: () => Value): Value {
    this.#isQuiet = true;
    try {
      return look();
    } finally {
      this.#isQuiet = false;
    }
  }

  /** Nothing is calm before it has settled. */
  waitFor(promise: Promise<unknown>): void {
    this.unsettled += 1;
    const settled = (): void => {
      this.unsettled -= 1;
    };
    promise.then(settled, settled);
  }

  /** Whatever comes in meanwhile comes in from within this. */
  within<Value>(run: () => Value): Value {
    this.#depth += 1;
    try {
      return run();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Something comes in: it is recorded before it has an effect. */
  enter<Value>(record: Entry, run: () => Value): Value {
    if (this.#depth > 0) {
      record.depth = this.#depth;
      this.add(record);
      return this.within(run);
    }
    this.beforeEntry();
    // A timer comes when all promises are at rest.
    const ticks = this.#tick - this.#tickOfEntry;
    if (ticks > 0 && record.is !== 'fire') record.ticks = ticks;
    this.#tickOfEntry = this.#tick;
    this.add(record);
    try {
      return this.within(run);
    } finally {
      if (!this.#isCounting) queueMicrotask(this.#count);
      this.#isCounting = true;
    }
  }

  /** How far the promises of the router get before the next thing comes in decides who of them is first. */
  readonly #count = (): void => {
    this.#tick += 1;
    this.#isCounting = this.#tick - this.#tickOfEntry < TICKS_MAX;
    if (this.#isCounting) queueMicrotask(this.#count);
  };

  clock(clock: Clock): Clock {
    return {
      now: () => {
        const at = clock.now();
        this.add({ is: 'now', at });
        return at;
      },
      wallTime: () => {
        const at = clock.wallTime();
        this.add({ is: 'wall', at });
        return at;
      },
      setTimeout: (callback, ms) => this.#arm(callback, ms, (fire) => clock.setTimeout(fire, ms)),
      clearTimeout: (timer) => clock.clearTimeout(this.#disarm(timer)),
      setImmediate: (callback) => this.#arm(callback, undefined, (fire) => clock.setImmediate(fire)),
      clearImmediate: (timer) => clock.clearImmediate(this.#disarm(timer)),
    };
  }

  random(random: Random | undefined, clock: Clock): Random {
    const draw = random ?? createRandom(clock.wallTime());
    return () => {
      const value = draw();
      this.add({ is: 'random', value });
      return value;
    };
  }

  #arm(callback: () => void, ms: number | undefined, arm: (fire: () => void) => unknown): Timer {
    this.lastTimer += 1;
    const timer = this.lastTimer;
    this.timers.add(timer);
    this.add({ is: 'timer', timer, ...(ms !== undefined && { ms }) });
    const fire = (): void =>
      this.enter({ is: 'fire', timer }, () => {
        this.timers.delete(timer);
        callback();
      });
    return { timer, handle: arm(fire) };
  }

  #disarm(armed: unknown): unknown {
    if (armed === undefined) return undefined;
    // Only `#arm` makes what the router gives back here.
    const { timer, handle } = armed as Timer;
    this.timers.delete(timer);
    return handle;
  }
}

interface Timer {
  readonly timer: number;
  readonly handle: unknown;
}
