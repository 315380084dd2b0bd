import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { NextChange } from '../core/next-change.ts';
import type { Timers } from '../core/patient-timers.ts';
import { STOP_GRACE_MS } from './ending.ts';

/** So many writes may wait; then whoever causes them waits, too. */
const WAITING_MAX = 1_000;
/** So many are given to the store at once: it may write them together. */
const TOGETHER_MAX = 256;
/** How long after a failure the store is tried again, in ms: doubled each time. */
const AGAIN_MS = 500;
const AGAIN_MS_MAX = 30_000;
/** A store that has not answered for so long, in ms, is said not to answer. */
const ANSWER_MS = 10_000;
/** What the writes get when the time is over, in ms. */
const END_MS_MIN = 50;

/** One write. Exactly one of `done` and `given up` is told, and neither throws. */
export interface Write {
  /** Rejects: it is tried again. */
  run(): Promise<unknown>;
  done(): void;
  /** The router ended first; the store may have it all the same. */
  leave(): void;
}

interface QueueParts {
  readonly clock: Clock;
  /** For waits that may be long. */
  readonly timers: Timers;
  /** Why writes wait, in words, when that changes; undefined: they do not. */
  troubled(trouble: string | undefined): void;
}

/** Writes to a store that may be slow, full or down: in order of arrival, each until the store has taken it. */
export class WriteQueue {
  readonly #parts: QueueParts;
  #waiting: Write[] = [];
  #writing: Promise<void> | undefined;
  #timer: unknown;
  #answerTimer: unknown;
  #failures = 0;
  /** Why they wait, in words; undefined: the store takes them. */
  trouble: string | undefined;
  /** The router is being stopped: a store that fails is tried again soon. */
  #isFinishing = false;
  #isOver = false;
  readonly #changes: NextChange;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#changes = new NextChange(parts.clock);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** What causes a write need not wait: it would not come behind too many. */
  get hasRoom(): boolean {
    return this.size < WAITING_MAX;
  }

  add(write: Write): void {
    if (this.#isOver) return write.leave();
    this.#waiting.push(write);
    if (this.#timer === undefined) this.#writeAll();
  }

  /** Tries until the store has all or the time is over; those that are left are left by the store. */
  async finish(endsAt: number): Promise<void> {
    const { clock, timers } = this.#parts;
    const lateAt = Math.max(endsAt, Math.min(clock.now() + END_MS_MIN, endsAt + STOP_GRACE_MS));
    this.#isFinishing = true;
    timers.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.size > 0) this.#writeAll();
    while (this.size > 0 && !this.#isOver && clock.now() < lateAt) await this.#changes.wait(lateAt - clock.now());
    this.end();
  }

  /** Nothing is written any more, but for what is out. */
  end(): void {
    this.#isOver = true;
    for (const timer of [this.#timer, this.#answerTimer]) this.#parts.timers.clearTimeout(timer);
    for (const write of this.#waiting.splice(0)) write.leave();
    this.#changes.notify();
  }

  #writeAll(): void {
    // Not at once: a store is code of the host, and what causes writes is not complete yet.
    this.#writing ??= Promise.resolve().then(() => this.#writeInTurn());
  }

  async #writeInTurn(): Promise<void> {
    while (this.size > 0) {
      const some = this.#waiting.slice(0, TOGETHER_MAX);
      // A store may throw instead of rejecting.
      const answers = await this.#answered(Promise.allSettled(some.map(async (write) => write.run())));
      if (this.#isOver) return;
      const again = some.filter((_, index) => answers[index]?.status === 'rejected');
      this.#waiting = [...again, ...this.#waiting.slice(some.length)];
      for (const [index, write] of some.entries()) if (answers[index]?.status === 'fulfilled') write.done();
      // A store that takes some of them works: it is tried again soon.
      if (again.length < some.length) this.#failures = 0;
      const failure = answers.find((answer) => answer.status === 'rejected');
      if (failure !== undefined) {
        this.#failed(failure.reason);
        break;
      }
      this.#say(undefined);
    }
    // Here and not when the promise has settled: what is added between the two would wait for ever.
    this.#writing = undefined;
    this.#changes.notify();
  }

  /** Says meanwhile when the store does not answer. */
  async #answered<Answer>(answers: Promise<Answer>): Promise<Answer> {
    const { timers } = this.#parts;
    const tell = (): void => this.#say(`the store has not answered for ${ANSWER_MS} ms`);
    this.#answerTimer = timers.setTimeout(tell, ANSWER_MS);
    const answer = await answers;
    timers.clearTimeout(this.#answerTimer);
    return answer;
  }

  #failed(error: unknown): void {
    this.#say(errorText(error));
    const doublings = this.#isFinishing ? 0 : Math.min(this.#failures, 10);
    const waitMs = Math.min(AGAIN_MS_MAX, AGAIN_MS * 2 ** doublings);
    this.#failures += 1;
    this.#timer = this.#parts.timers.setTimeout(() => {
      this.#timer = undefined;
      this.#writeAll();
    }, waitMs);
  }

  #say(trouble: string | undefined): void {
    if (this.trouble === trouble) return;
    this.trouble = trouble;
    this.#parts.troubled(trouble);
  }
}
