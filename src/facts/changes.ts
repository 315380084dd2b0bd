import type { Clock } from '../core/clock.ts';

/** What is told causes more to be told: after so many rounds of that the event loop gets a turn. */
const ROUNDS_MAX = 100;

/** In a microtask. Node's `queueMicrotask` makes an `AsyncResource` for each, which costs more than all else here. */
const soon = (tell: () => void): void => void Promise.resolve().then(tell);

/**
 * Keeps code of the host out of changes. What it is told (facts, aborts) waits until the change that is under way is
 * complete, and what it orders meanwhile waits too. Everything that waits runs in order, and one after the other: what a
 * listener brings about is told after all that happened before.
 */
export class Changes {
  readonly #clock: Pick<Clock, 'setImmediate'>;
  /** How many changes are under way, one inside the other, and how many of these let no order in. */
  #depth = 0;
  #closed = 0;
  #isTelling = false;
  /** What waits is told in a turn of its own, after the stack that is not ours, or after the event loop had its turn. */
  #isTurnDue = false;
  #waiting: (() => void)[] = [];

  constructor(clock: Pick<Clock, 'setImmediate'>) {
    this.#clock = clock;
  }

  /** Changes something: what it tells of, and what the host orders meanwhile, waits until all of it is done. */
  during<Result>(change: () => Result): Result {
    this.#depth += 1;
    this.#closed += 1;
    try {
      return change();
    } finally {
      this.#depth -= 1;
      this.#closed -= 1;
      if (this.#depth === 0 && !this.#isTurnDue) this.#tell();
    }
  }

  /**
   * Changes something inside a stack that is not ours, such as a transition: what it tells of waits for the end of that,
   * too. Orders do not wait: who calls code of the host here looks afterwards what that did.
   */
  within<Result>(change: () => Result): Result {
    this.#depth += 1;
    try {
      return change();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0 && this.#waiting.length > 0 && !this.#isTelling) this.#tellWith(soon);
    }
  }

  /** As `within`, but orders wait as well. */
  undisturbed<Result>(change: () => Result): Result {
    this.#closed += 1;
    try {
      return this.within(change);
    } finally {
      this.#closed -= 1;
    }
  }

  /** Runs something that calls code of the host: now, or when what is under way is complete. Must not throw. */
  tell(told: () => void): void {
    this.#waiting.push(told);
    if (this.#depth === 0 && !this.#isTurnDue) this.#tell();
  }

  /** As `tell`, from inside a stack that is not ours: when that has ended. */
  tellAfterwards(told: () => void): void {
    this.#waiting.push(told);
    if (this.#depth === 0 && !this.#isTelling) this.#tellWith(soon);
  }

  /** Carries out an order of the host: now, unless a change is under way, which is completed first. Then it is a change. */
  order<Result>(carryOut: () => Promise<Result>): Promise<Result> {
    // What it tells of waits until the caller has the promise, so that a listener can be given the same one.
    if (this.#closed === 0) return this.undisturbed(carryOut);
    return new Promise((resolve, reject) => this.tell(() => this.undisturbed(carryOut).then(resolve, reject)));
  }

  /** As `order`, of what gives no answer. */
  carryOut(order: () => void): void {
    if (this.#closed === 0) this.during(order);
    else this.tell(() => this.during(order));
  }

  #tellWith(later: (tell: () => void) => void): void {
    if (this.#isTurnDue) return;
    later(() => {
      this.#isTurnDue = false;
      this.#tell();
    });
    // Not before: where the stack overflows, nothing is due.
    this.#isTurnDue = true;
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let round = 0; this.#waiting.length > 0 && round < ROUNDS_MAX; round += 1) this.#tellRound();
    } finally {
      this.#isTelling = false;
    }
    if (this.#waiting.length > 0) this.#tellWith((tell) => this.#clock.setImmediate(tell));
  }

  #tellRound(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let told = 0;
    try {
      for (const tell of waiting) {
        told += 1;
        tell();
      }
    } finally {
      // Even a stack that overflows takes nothing from those who are still to be told.
      if (told < waiting.length) this.#waiting = [...waiting.slice(told), ...this.#waiting];
    }
  }
}
