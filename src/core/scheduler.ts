import type { Clock } from './clock.ts';
import { CoarseClock, type PassListener } from './coarse-clock.ts';
import { type Turn, TurnQueue } from './turn-queue.ts';

/** So many batches are measured at once at most: a handler may suddenly take long. */
const BATCHES_MAX = 8;

/** Limits of a scheduler, both in ms. */
export interface SchedulerLimits {
  /** How long work goes on before the event loop gets its turn. */
  readonly sliceMs: number;
  /** How long a turn may be waited for. */
  readonly starvationMs: number;
}

/**
 * Decides whose batch comes next. Turns of priority 1 come first. All others share the time by the weights of their
 * channels, and what is due together is ordered by priority. Waiting raises a turn: it is first before it has waited
 * `starvationMs` (as long as those ahead of it are fresh). After `sliceMs` of continuous work the scheduler yields to the
 * event loop: work that went on in microtasks would keep arriving messages out.
 */
export class Scheduler implements PassListener {
  readonly clock: CoarseClock;
  limits: SchedulerLimits;
  private readonly queue = new TurnQueue();
  /** A turn known to be more urgent than all that wait, as of this reading of the clock. */
  private leader: Turn | undefined = undefined;
  private leaderAt = 0;
  /**
   * The next by its share of the turns below priority 1 whose calls are in flight: a call may settle in a microtask, and
   * until it does or the event loop has turned, those that come after it wait, or they would have a turn for each of its.
   */
  private held: Turn | undefined = undefined;
  /** Turns with a promise, until no microtask is left: a call that is in flight then waits for something, and uses no time. */
  private readonly atWork = new Set<Turn>();
  /** Up to here the time below priority 1 was charged, in ms. */
  private chargedAt = 0;
  private isRunning = false;
  private readonly awaiting: { passEnded(): void }[] = [];
  private readonly setImmediate: Clock['setImmediate'];
  private turning: Promise<void> | undefined = undefined;

  constructor(clock: Clock, limits: SchedulerLimits) {
    this.clock = new CoarseClock(clock, this);
    this.setImmediate = (callback) => clock.setImmediate(callback);
    this.limits = limits;
  }

  reconfigure(limits: SchedulerLimits): void {
    this.limits = limits;
  }

  /** Asks for a turn in one of the next passes of the event loop. */
  request(turn: Turn): void {
    this.clock.ensurePass();
    this.enqueue(turn);
  }

  /** Tells when the present pass of the event loop has ended. */
  awaitPass(awaiting: { passEnded(): void }): void {
    this.clock.ensurePass();
    this.awaiting.push(awaiting);
  }

  /** Whether this stretch of work has lasted `sliceMs`: then the next batch should ask for a turn. */
  isSliceOver(): boolean {
    this.clock.advance(1);
    return this.isOver();
  }

  /** As `isSliceOver`, right after the clock was brought up to date. */
  isOver(): boolean {
    this.clock.ensurePass();
    return this.clock.now - this.clock.passStart >= this.limits.sliceMs;
  }

  /** Once the slice is over: resolves when the event loop has turned; one promise for all that wait for it. */
  pause(): Promise<void> | undefined {
    if (!this.isSliceOver()) return undefined;
    this.turning ??= new Promise((resolve) => {
      this.setImmediate(() => {
        this.turning = undefined;
        resolve();
      });
    });
    return this.turning;
  }

  /** Gives a turn right now if the slice has time left, in its order; otherwise as `request`. */
  proceed(turn: Turn): void {
    this.settled(turn);
    if (this.isRunning || this.isOver()) return this.enqueue(turn);
    // If it leads, the queue would give back the same turn.
    if ((this.queue.size > 0 && !this.leads(turn)) || this.comesAfterHeld(turn) || this.give(turn)) {
      this.enqueue(turn);
      this.run();
    }
  }

  /** A turn that kept others out has ended: they need not wait until the event loop has turned. */
  gaveWay(turn: Turn): void {
    this.settled(turn);
    if (this.queue.size > 0 && !this.isRunning && !this.isOver()) this.run();
  }

  mustTurnAgain(): boolean {
    // After a slice that ran over, the event loop has one turn to itself: what came due meanwhile goes first.
    return this.queue.size > 0 && this.isOver();
  }

  passEnded(): void {
    this.held = undefined;
    this.queue.passed();
    if (this.awaiting.length > 0) for (const each of this.awaiting.splice(0)) each.passEnded();
    if (this.queue.size === 0) return;
    this.clock.ensurePass();
    this.run();
  }

  /** Whether no waiting turn comes before this one; holds until the clock is read or another turn is requested. */
  private leads(turn: Turn): boolean {
    if (turn.taker.priority > 1) return false;
    const { now } = this.clock;
    if (turn === this.leader && now === this.leaderAt) return true;
    for (const { first } of this.queue.oldest) if (first !== undefined && this.urgencyOf(first) <= 1) return false;
    this.leader = turn;
    this.leaderAt = now;
    return true;
  }

  /** Falls from the priority to 0 while a turn waits for `starvationMs`; the least is the most urgent. */
  private urgencyOf({ priority, queuedAt = 0 }: Turn): number {
    return priority * (1 - (this.clock.now - queuedAt) / this.limits.starvationMs);
  }

  private enqueue(turn: Turn): void {
    if (turn.queuedAt !== undefined) return;
    this.leader = undefined;
    this.queue.push(turn, this.clock.now);
  }

  /** While a call of priority 1 is in flight, which may settle in a microtask, no other turn is given. */
  private run(): void {
    this.isRunning = true;
    let isFirstOut = false;
    try {
      do {
        const turn = this.next(isFirstOut);
        if (turn === undefined) return;
        if (this.give(turn)) this.enqueue(turn);
        else if (turn.taker.priority === 1) isFirstOut = true;
      } while (!this.isSliceOver());
    } finally {
      this.isRunning = false;
    }
  }

  /** True: another batch is due. What turns of priority 1 take is not shared out, so it is not measured. */
  private give(turn: Turn): boolean {
    const { taker } = turn;
    if (taker.priority === 1) return taker.step();
    this.chargedAt = this.clock.now;
    let mayGoOn = taker.step();
    // While no other turn waits, several batches are measured at once: to read the clock costs as much as a brief one.
    for (let left = BATCHES_MAX - 1; mayGoOn && left > 0 && this.queue.size === 0 && !this.isSliceOver(); left -= 1)
      mayGoOn = taker.step();
    this.charge(turn);
    if (mayGoOn || taker.inFlight === 0) return mayGoOn;
    if (this.atWork.size === 0) this.watch();
    this.atWork.add(turn);
    if (!this.comesAfterHeld(turn)) this.held = turn;
    return false;
  }

  private charge(turn: Turn): void {
    const before = this.chargedAt;
    this.chargedAt = this.clock.read();
    this.queue.charge(turn, this.chargedAt - before);
  }

  /** Its call is over. What that did in microtasks is part of the turn: an `await` before the work must not make it free. */
  private settled(turn: Turn): void {
    if (this.held === turn) this.held = undefined;
    if (this.atWork.size > 0 && this.atWork.has(turn)) this.charge(turn);
  }

  /** Node calls `nextTick` of a microtask back when no microtask is left. `queueMicrotask` costs more: an AsyncResource. */
  private watch(): void {
    void Promise.resolve().then(() => process.nextTick(() => this.atWork.clear()));
  }

  private comesAfterHeld({ share, taker }: Turn): boolean {
    return this.held !== undefined && taker.priority > 1 && share.paid > this.held.share.paid;
  }

  /** Takes the next of the turns that wait, in its order; undefined: they are kept out. */
  private next(isFirstOut: boolean): Turn | undefined {
    let turn: Turn | undefined;
    let isFirstWaiting = false;
    for (const { first, priority } of this.queue.oldest) {
      if (first === undefined) continue;
      if (priority === 1) isFirstWaiting = true;
      if (turn === undefined || this.urgencyOf(first) < this.urgencyOf(turn)) turn = first;
    }
    if (turn === undefined) return undefined;
    // Only priority 1, or one that has waited as long as any turn may, comes before those that are next by their shares.
    if (!isFirstWaiting && this.urgencyOf(turn) > 0) turn = this.queue.fairest ?? turn;
    if (turn.priority > 1 && (isFirstOut || this.comesAfterHeld(turn))) return undefined;
    this.queue.take(turn);
    return turn;
  }
}
