import type { Clock } from './clock.ts';
import { CoarseClock, type PassListener } from './coarse-clock.ts';

/** Limits of a scheduler, both in ms. */
export interface SchedulerLimits {
  /** How long work goes on before the event loop gets its turn. */
  readonly sliceMs: number;
  /** How long a turn may be waited for. */
  readonly starvationMs: number;
}

/** Delivers one batch each time it is given a turn. */
export interface TurnTaker {
  readonly priority: number;
  /** Delivers one batch; true: another one is due and nothing is in flight. */
  step(): boolean;
}

/** The place of a taker in the queue. */
export class Turn {
  readonly taker: TurnTaker;
  /** When it began to wait for its turn, in ms on the clock; undefined: it does not wait. */
  queuedAt: number | undefined = undefined;

  constructor(taker: TurnTaker) {
    this.taker = taker;
  }
}

/**
 * Decides whose batch comes next. Turns are ordered by priority; waiting raises it, so that a turn of any priority is
 * first before it has waited `starvationMs` (as long as those ahead of it are fresh). After `sliceMs` of continuous work
 * the scheduler yields to the event loop: work that went on in microtasks would keep arriving messages out.
 */
export class Scheduler implements PassListener {
  readonly clock: CoarseClock;
  private limits: SchedulerLimits;
  /** One FIFO per priority: its head has waited longest, so only heads compete. */
  private readonly lanes: { readonly priority: number; readonly queue: Turn[] }[] = [];
  private waiting = 0;
  /** A turn known to be more urgent than all that wait, as of this reading of the clock. */
  private leader: Turn | undefined = undefined;
  private leaderAt = 0;
  private isRunning = false;

  constructor(clock: Clock, limits: SchedulerLimits) {
    this.clock = new CoarseClock(clock, this);
    this.limits = limits;
  }

  reconfigure(limits: SchedulerLimits): void {
    this.limits = limits;
  }

  /** How long a turn may be waited for, in ms. */
  get starvationMs(): number {
    return this.limits.starvationMs;
  }

  /** Asks for a turn in one of the next passes of the event loop. */
  request(turn: Turn): void {
    this.clock.ensurePass();
    this.enqueue(turn);
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

  /** Gives a turn right now if the slice has time left, in order of priority; otherwise as `request`. */
  proceed(turn: Turn): void {
    if (this.isRunning || this.isOver()) return this.enqueue(turn);
    // If it leads, the queue would give back the same turn.
    if ((this.waiting > 0 && !this.leads(turn)) || turn.taker.step()) {
      this.enqueue(turn);
      this.run();
    }
  }

  /** A turn that kept others out has ended: they need not wait until the event loop has turned. */
  release(): void {
    if (this.waiting > 0 && !this.isRunning && !this.isOver()) this.run();
  }

  mustTurnAgain(): boolean {
    // After a slice that ran over, the event loop has one turn to itself: what came due meanwhile goes first.
    return this.waiting > 0 && this.isOver();
  }

  passEnded(): void {
    if (this.waiting === 0) return;
    this.clock.ensurePass();
    this.run();
  }

  /** Whether no waiting turn is as urgent as this one; holds until the clock is read or another turn is requested. */
  private leads(turn: Turn): boolean {
    const { now } = this.clock;
    if (turn === this.leader && now === this.leaderAt) return true;
    const own = turn.taker.priority;
    for (const { priority, queue } of this.lanes) {
      const head = queue[0];
      if (head !== undefined && this.urgencyOf(priority, head) <= own) return false;
    }
    this.leader = turn;
    this.leaderAt = now;
    return true;
  }

  /** Falls from the priority to 0 while a turn waits for `starvationMs`; the least is the most urgent. */
  private urgencyOf(priority: number, { queuedAt = 0 }: Turn): number {
    return priority * (1 - (this.clock.now - queuedAt) / this.limits.starvationMs);
  }

  private enqueue(turn: Turn): void {
    if (turn.queuedAt !== undefined) return;
    this.leader = undefined;
    const priority = turn.taker.priority;
    const lane = this.lanes.find((each) => each.priority === priority);
    if (lane === undefined) this.lanes.push({ priority, queue: [turn] });
    else lane.queue.push(turn);
    // Once it is in the queue: a stack overflow on the way there must not leave a turn that waits for ever.
    turn.queuedAt = this.clock.now;
    this.waiting += 1;
  }

  /**
   * A turn whose call is in flight may go on in a microtask: until the event loop has turned, it keeps turns of lower
   * priority out. They would otherwise get one batch for each of its calls, however short these are.
   */
  private run(): void {
    this.isRunning = true;
    let priorityMax = Number.POSITIVE_INFINITY;
    try {
      do {
        const turn = this.next(priorityMax);
        if (turn === undefined) return;
        if (turn.taker.step()) this.enqueue(turn);
        else priorityMax = Math.min(priorityMax, turn.taker.priority);
      } while (!this.isSliceOver());
    } finally {
      this.isRunning = false;
    }
  }

  /** Takes the most urgent of the turns that wait. */
  private next(priorityMax: number): Turn | undefined {
    let best: Turn[] | undefined;
    let leastUrgency = Number.POSITIVE_INFINITY;
    for (const { priority, queue } of this.lanes) {
      const head = queue[0];
      if (head === undefined || priority > priorityMax) continue;
      const urgency = this.urgencyOf(priority, head);
      if (urgency < leastUrgency) {
        leastUrgency = urgency;
        best = queue;
      }
    }
    const turn = best?.shift();
    if (turn === undefined) return undefined;
    turn.queuedAt = undefined;
    this.waiting -= 1;
    return turn;
  }
}
