import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { Sequences } from './sequences.ts';
import type { Target } from './target.ts';
import type { TurnTime } from './turn-time.ts';

export type ArrivalCounts = Pick<
  FeedMetrics,
  'received' | 'repeated' | 'repeatedDropped' | 'lastMessageAt' | 'lagMs' | 'lagMsMax'
>;

/** Where messages go by between the reader and the target. */
export class Arrivals {
  readonly #time: TurnTime;
  readonly #sequences: Sequences;
  readonly #target: Target;
  #received = 0;
  #repeatedDropped = 0;
  // NaN: there is none. Numbers that may be null would be made anew for each frame.
  #lastMessageAt = Number.NaN;
  #lagMs = Number.NaN;
  #lagMsMax = Number.NaN;

  constructor(time: TurnTime, sequences: Sequences, target: Target) {
    this.#time = time;
    this.#sequences = sequences;
    this.#target = target;
  }

  get counts(): ArrivalCounts {
    return {
      received: this.#received,
      repeated: this.#sequences.repeated,
      repeatedDropped: this.#repeatedDropped,
      lastMessageAt: numberOrNull(this.#lastMessageAt),
      lagMs: numberOrNull(this.#lagMs),
      lagMsMax: numberOrNull(this.#lagMsMax),
    };
  }

  /** Messages that came together. Their times are read of the first, which is the oldest, and the last. */
  take(messages: readonly unknown[], bytes: number): void {
    const at = this.#time.wallTime;
    const count = messages.length;
    this.#received += count;
    this.#lastMessageAt = at;
    if (count > 1) this.#measure(at - this.#sequences.timeOf(messages[0]));
    const madeAt = this.#sequences.timeOf(messages[count - 1]);
    this.#measure(at - madeAt);
    const left = this.#sequences.sift(messages, madeAt, at);
    if (left === messages) return this.#target.take(messages, bytes);
    this.#repeatedDropped += count - left.length;
    if (left.length > 0) this.#target.take(left, (bytes * left.length) / count);
  }

  isUnwanted(type: string): boolean {
    return this.#target.isUnwanted(type);
  }

  /** A message came that nobody wants, and was not parsed. */
  skip(): void {
    this.#received += 1;
    this.#lastMessageAt = this.#time.wallTime;
    this.#target.ignore();
  }

  interrupt(): void {
    this.#sequences.interrupt();
    this.#lagMsMax = Number.NaN;
  }

  #measure(lagMs: number): void {
    this.#lagMs = lagMs;
    if (!(lagMs <= this.#lagMsMax) && !Number.isNaN(lagMs)) this.#lagMsMax = lagMs;
  }
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
