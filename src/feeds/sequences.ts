import type { FoundGap } from './gaps.ts';
import type { FeedProfile } from './profile.ts';

/** So many numbered rows are watched; the messages of others are delivered unwatched. */
const ROWS_MAX = 100_000;
/** A number that is lower by more than this is no repetition: the service began to count anew. */
const REPEATED_MAX = 10_000;

/** Finds what is missing between messages, and what came before. */
export class Sequences {
  readonly #last = new Map<string, number>();
  readonly #profile: FeedProfile;
  readonly #found: (gap: FoundGap) => void;
  #lastTime: number | undefined;
  #isResumed = false;
  #repeated = 0;

  constructor(profile: FeedProfile, found: (gap: FoundGap) => void) {
    this.#profile = profile;
    this.#found = found;
  }

  /** How many messages had a number that came before. */
  get repeated(): number {
    return this.#repeated;
  }

  /** A connection ended: what comes next comes after a gap. */
  interrupt(): void {
    this.#isResumed = this.#lastTime !== undefined;
  }

  /** Looks at one message; `arrivedAt` stands in for a time of its own. True: its number came before. */
  see(message: unknown, time: number | undefined, arrivedAt: number): boolean {
    const at = time ?? arrivedAt;
    const isRepeated = this.#isRepeated(message);
    if (this.#isResumed && !isRepeated) this.#resume(at);
    if (this.#lastTime === undefined || at > this.#lastTime) this.#lastTime = at;
    if (isRepeated) this.#repeated += 1;
    return isRepeated;
  }

  /** Whatever has no number may be missing as well. */
  #resume(at: number): void {
    this.#isResumed = false;
    const from = this.#lastTime ?? at;
    this.#found({ reason: 'reconnect', of: null, from, to: Math.max(from, at), unit: 'ms', missing: null });
  }

  #isRepeated(message: unknown): boolean {
    const sequence = this.#profile.sequence?.(message);
    if (sequence === undefined) return false;
    const { of, number } = sequence;
    const last = this.#last.get(of);
    if (last === undefined) {
      if (this.#last.size < ROWS_MAX) this.#last.set(of, number);
      return false;
    }
    if (number <= last && last - number <= REPEATED_MAX) return true;
    this.#last.set(of, number);
    if (number > last + 1)
      this.#found({
        reason: 'sequence',
        of,
        from: last + 1,
        to: number - 1,
        unit: 'sequence',
        missing: number - last - 1,
      });
    return false;
  }
}
