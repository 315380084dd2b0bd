import type { Clock } from './clock.ts';

/**
 * Reading the clock costs more than a push, so brief work shares a reading: the first message in each pass of the event
 * loop has its own, then ever more share one, up to 256, as long as they take no longer than this together.
 */
const BRIEF_MS = 0.02;
export const STRIDE_MAX = 256;
/** What a call counts for: its handler may suddenly take long, so few calls share a reading. */
export const CALL_WEIGHT = 8;

/** Something that delivers one batch at a time. */
export interface TurnTaker {
  readonly priority: number;
  /** Set by `Turns`: it waits in the queue. */
  isQueued: boolean;
  /** Set by `Turns`: when it began to wait. */
  queuedAt: number;
  /** Delivers one batch; true: another one is due and nothing is in flight. */
  step(): boolean;
}

/** Limits of `Turns`, both in ms. */
export interface TurnLimits {
  readonly sliceMs: number;
  readonly starvationMs: number;
}

/**
 * Whose batch comes next. Starts are ordered by priority; waiting raises it, so that a taker of any priority is first
 * before it has waited `starvationMs` (as long as those ahead of it are fresh). After `sliceMs` of continuous work the
 * event loop gets its turn: without that, whoever goes on in microtasks keeps arriving messages out.
 */
export class Turns {
  private readonly clock: Clock;
  limits: TurnLimits;
  /** The last reading of the clock. */
  now: number;
  /** One FIFO per priority: its head has waited longest, so only heads compete. */
  private readonly lanes: { readonly priority: number; readonly queue: TurnTaker[] }[] = [];
  private waiting = 0;
  /** Who is known to be more urgent than all who wait. */
  private leader: TurnTaker | undefined = undefined;
  private sliceStart = 0;
  /** So many messages share a reading, and so many are left of them. */
  private stride = 1;
  private left = 0;
  private marker: unknown;
  private isRunning = false;

  constructor(clock: Clock, limits: TurnLimits) {
    this.clock = clock;
    this.limits = limits;
    this.now = clock.now();
  }

  /** Reads the clock. */
  read(): number {
    this.leader = undefined;
    this.now = this.clock.now();
    return this.now;
  }

  /** Brings `now` up to date, after so many messages more; a call counts as several. */
  glance(messages: number): void {
    this.left -= messages;
    if (this.left <= 0) this.look();
  }

  /** One message more; whether the last reading still holds for it. */
  isFresh(): boolean {
    this.left -= 1;
    return this.left > 0;
  }

  /** A turn in one of the next passes of the event loop. */
  request(taker: TurnTaker): void {
    if (this.marker === undefined) this.openSlice();
    this.enqueue(taker);
  }

  /** This stretch of work has lasted `sliceMs`: whoever works should ask for another turn. */
  isSliceOver(): boolean {
    this.glance(1);
    return this.isOver();
  }

  /** As `isSliceOver`, right after a glance. */
  isOver(): boolean {
    if (this.marker === undefined) this.openSlice();
    return this.now - this.sliceStart >= this.limits.sliceMs;
  }

  /** A turn right now if the slice has time left, in order of priority; else as `request`. Right after a glance. */
  proceed(taker: TurnTaker): void {
    if (this.isRunning || this.isOver()) return this.enqueue(taker);
    // If it leads, the queue would give back the same taker.
    if ((this.waiting > 0 && !this.leads(taker)) || taker.step()) {
      this.enqueue(taker);
      this.run();
    }
  }

  /** Whether nobody who waits is as urgent as a taker that comes now; known until the clock is read or somebody comes. */
  private leads(taker: TurnTaker): boolean {
    if (taker === this.leader) return true;
    for (const { priority, queue } of this.lanes) {
      const head = queue[0];
      if (head !== undefined && this.urgencyOf(priority, head) <= taker.priority) return false;
    }
    this.leader = taker;
    return true;
  }

  /** Falls from the priority to 0 while a taker waits `starvationMs`; the least is the most urgent. */
  private urgencyOf(priority: number, { queuedAt }: TurnTaker): number {
    return priority * (1 - (this.now - queuedAt) / this.limits.starvationMs);
  }

  /** Whoever kept others out has nothing more: they need not wait until the event loop has turned. */
  release(): void {
    if (this.waiting > 0 && !this.isRunning && !this.isOver()) this.run();
  }

  private look(): void {
    const before = this.now;
    if (this.marker === undefined) return this.openSlice();
    this.left = this.stride = this.read() - before < BRIEF_MS ? Math.min(2 * this.stride, STRIDE_MAX) : 1;
  }

  private enqueue(taker: TurnTaker): void {
    if (taker.isQueued) return;
    this.leader = undefined;
    taker.isQueued = true;
    taker.queuedAt = this.now;
    const lane = this.lanes.find(({ priority }) => priority === taker.priority);
    if (lane === undefined) this.lanes.push({ priority: taker.priority, queue: [taker] });
    else lane.queue.push(taker);
    this.waiting += 1;
  }

  /** The marker tells when the event loop has turned, and carries on the queue. */
  private openSlice(): void {
    this.sliceStart = this.read();
    this.stride = this.left = 1;
    this.marker = this.clock.setImmediate(() => {
      // After a slice that ran over, the event loop has one turn to itself: whatever came due meanwhile goes first.
      if (this.waiting > 0 && this.isOver()) this.marker = this.clock.setImmediate(() => this.carryOn());
      else this.carryOn();
    });
  }

  private carryOn(): void {
    this.marker = undefined;
    this.left = 0;
    if (this.waiting === 0) return;
    this.openSlice();
    this.run();
  }

  /**
   * A taker whose call is in flight may want to go on in a microtask: until the event loop has turned, it keeps those of
   * lower priority out. They would otherwise get one batch for each of its calls, however short these are.
   */
  private run(): void {
    this.isRunning = true;
    let priorityMax = Number.POSITIVE_INFINITY;
    try {
      do {
        const taker = this.next(priorityMax);
        if (taker === undefined) return;
        if (taker.step()) this.enqueue(taker);
        else priorityMax = Math.min(priorityMax, taker.priority);
      } while (!this.isSliceOver());
    } finally {
      this.isRunning = false;
    }
  }

  /** The most urgent of those who wait. */
  private next(priorityMax: number): TurnTaker | undefined {
    let best: TurnTaker[] | undefined;
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
    const taker = best?.shift();
    if (taker === undefined) return undefined;
    taker.isQueued = false;
    this.waiting -= 1;
    return taker;
  }
}
