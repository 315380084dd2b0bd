import type { Clock } from './clock.ts';

/**
 * Reading the clock costs more than a push, so brief work shares a reading: the first message in each pass of the event
 * loop has a reading of its own, then ever more messages share one, up to 256, as long as they take no longer than this.
 */
const BRIEF_MS = 0.02;
export const STRIDE_MAX = 256;
/** What a call of `process` counts for: a handler may suddenly take long, so few calls share a reading. */
export const CALL_WEIGHT = 8;

/** Is called when a pass of the event loop ends. */
export interface PassListener {
  /** The event loop has turned; true: it turns once more before the pass ends. */
  mustTurnAgain(): boolean;
  passEnded(): void;
}

/** A clock that is read once for many messages, and that knows when the event loop began its present pass. */
export class CoarseClock {
  /** The last reading, in ms. */
  now: number;
  /** When the present pass of the event loop began, in ms. */
  passStart: number;
  private readonly clock: Clock;
  private readonly listener: PassListener;
  /** So many messages share a reading, and so many of them are still to come. */
  private stride = 1;
  private left = 0;
  private marker: unknown;

  constructor(clock: Clock, listener: PassListener) {
    this.clock = clock;
    this.listener = listener;
    this.now = clock.now();
    this.passStart = this.now;
  }

  /** Reads the clock. */
  read(): number {
    this.now = this.clock.now();
    return this.now;
  }

  /** Brings `now` up to date after so many messages more. */
  advance(messages: number): void {
    this.left -= messages;
    if (this.left <= 0) this.look();
  }

  /** Reads the clock for messages that come together. What was done before them, such as parsing, was none of their work. */
  share(): void {
    this.look();
    // A call among them has a reading of its own.
    this.left = this.stride = Math.max(this.stride, CALL_WEIGHT);
  }

  /** From here on the end of the present pass is noticed. */
  ensurePass(): void {
    if (this.marker === undefined) this.beginPass();
  }

  private look(): void {
    if (this.marker === undefined) return this.beginPass();
    const before = this.now;
    this.left = this.stride = this.read() - before < BRIEF_MS ? Math.min(2 * this.stride, STRIDE_MAX) : 1;
  }

  private beginPass(): void {
    this.passStart = this.read();
    this.stride = this.left = 1;
    this.marker = this.clock.setImmediate(() => {
      if (this.listener.mustTurnAgain()) this.marker = this.clock.setImmediate(() => this.endPass());
      else this.endPass();
    });
  }

  private endPass(): void {
    this.marker = undefined;
    this.left = 0;
    this.listener.passEnded();
  }
}
