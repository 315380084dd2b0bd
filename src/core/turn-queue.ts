import { Share, weightOf } from './share.ts';

/** Delivers one batch each time it is given a turn. */
export interface TurnTaker {
  readonly priority: number;
  /** 0: no call of it is in flight. */
  readonly inFlight?: number;
  /** Delivers one batch; true: another one is due and nothing is in flight. */
  step(): boolean;
}

/** The place of a taker in the queue. */
export class Turn {
  readonly taker: TurnTaker;
  readonly share: Share;
  /** When it began to wait for its turn, in ms on the clock; undefined: it does not wait. */
  queuedAt: number | undefined = undefined;
  /** Its priority when it asked, its place among all that asked, and when it is due in virtual time. */
  priority = 0;
  order = 0;
  start = 0;
  /** The pass of the event loop in which it had its last turn. */
  pass = -1;
  /** Where it stands: in the heap, and between those of its priority that asked before and after it. */
  index = -1;
  before: Turn | undefined = undefined;
  after: Turn | undefined = undefined;

  /** `share`: of its channel, whose partitions have it together. */
  constructor(taker: TurnTaker, share: Share = new Share(weightOf(taker))) {
    this.taker = taker;
    this.share = share;
  }
}

/** The turns of one priority, in the order of asking. */
interface Line {
  readonly priority: number;
  first: Turn | undefined;
  last: Turn | undefined;
}

/**
 * Turns that wait: those of a priority by how long they have waited, and all but the most urgent by the part of the time
 * that their channels have had. That is start-time fair queueing (Goyal, Vin and Cheng, 1996): a turn is due when its
 * channel has paid for the turns before, and one that was away has saved nothing.
 */
export class TurnQueue {
  private readonly lines: Line[] = [];
  /** A binary heap: its first turn is due first in virtual time. */
  private readonly heap: Turn[] = [];
  size = 0;
  private asked = 0;
  private virtualNow = 0;
  /** How often the event loop has turned. */
  private pass = 0;

  /** The turn that has waited longest, of each priority. */
  get oldest(): readonly Pick<Line, 'priority' | 'first'>[] {
    return this.lines;
  }

  /** The turn whose channel is next by its share. Other partitions of a channel may have had turns since it asked. */
  get fairest(): Turn | undefined {
    for (;;) {
      const [turn] = this.heap;
      if (turn === undefined || turn.start >= turn.share.paid) return turn;
      turn.start = turn.share.paid;
      this.sink(turn);
    }
  }

  push(turn: Turn, now: number): void {
    const { priority } = turn.taker;
    turn.priority = priority;
    turn.order = this.asked++;
    const wasAway = turn.pass !== this.pass;
    turn.start = wasAway ? Math.max(this.virtualNow, turn.share.paid) : turn.share.paid;
    if (priority > 1) {
      turn.index = this.heap.push(turn) - 1;
      this.rise(turn);
    }
    const line = this.lineOf(priority);
    turn.before = line.last;
    if (line.last === undefined) line.first = turn;
    else line.last.after = turn;
    line.last = turn;
    // Once it is in the queue: a stack overflow on the way there must not leave a turn that waits for ever.
    turn.queuedAt = now;
    this.size += 1;
  }

  /** It gets its turn. */
  take(turn: Turn): void {
    const line = this.lineOf(turn.priority);
    if (turn.before === undefined) line.first = turn.after;
    else turn.before.after = turn.after;
    if (turn.after === undefined) line.last = turn.before;
    else turn.after.before = turn.before;
    turn.before = turn.after = undefined;
    if (turn.index >= 0) this.leaveHeap(turn);
    turn.queuedAt = undefined;
    this.size -= 1;
  }

  /** A turn took so long. The virtual time goes on, but not past those that wait: they would lose what is due to them. */
  charge(turn: Turn, ms: number): void {
    const { share, start } = turn;
    turn.pass = this.pass;
    const begin = Math.max(start, share.paid);
    this.virtualNow = Math.max(this.virtualNow, Math.min(begin, this.fairest?.start ?? begin));
    share.charge(begin, ms);
  }

  /** The event loop has turned: a turn that does not wait now was away, and has saved nothing. */
  passed(): void {
    this.pass += 1;
  }

  private lineOf(priority: number): Line {
    const found = this.lines.find((line) => line.priority === priority);
    if (found !== undefined) return found;
    const line: Line = { priority, first: undefined, last: undefined };
    this.lines.push(line);
    return line;
  }

  private leaveHeap(turn: Turn): void {
    const { heap } = this;
    const last = heap.pop();
    const { index } = turn;
    turn.index = -1;
    if (last === undefined || last === turn) return;
    heap[index] = last;
    last.index = index;
    this.rise(last);
    this.sink(last);
  }

  private rise(turn: Turn): void {
    while (turn.index > 0) {
      const parent = this.heap[(turn.index - 1) >> 1] as Turn;
      if (!isBefore(turn, parent)) return;
      this.swap(turn, parent);
    }
  }

  private sink(turn: Turn): void {
    for (;;) {
      const left = this.heap[2 * turn.index + 1];
      const right = this.heap[2 * turn.index + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, turn)) return;
      this.swap(turn, child);
    }
  }

  private swap(one: Turn, other: Turn): void {
    [one.index, other.index] = [other.index, one.index];
    this.heap[one.index] = one;
    this.heap[other.index] = other;
  }
}

/** Due earlier; what is due at the same time goes by priority, then in the order of asking. */
function isBefore(one: Turn, other: Turn): boolean {
  if (one.start !== other.start) return one.start < other.start;
  return one.priority === other.priority ? one.order < other.order : one.priority < other.priority;
}
