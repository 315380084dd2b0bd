import type { Gaps } from './gaps.ts';
import type { FeedProfile, SequenceNumber } from './profile.ts';

/** So many numbered rows are watched; the messages of others are delivered unwatched. */
const ROWS_MAX = 100_000;
/** A number that is lower by more than this is no repetition: the service began to count anew. */
const REPEATED_MAX = 10_000;

/** Finds what is missing between messages, what came before, and what was missing and comes after all. */
export class Sequences {
  readonly #last = new Map<string, number>();
  readonly #profile: FeedProfile;
  readonly #gaps: Pick<Gaps, 'add' | 'fill'>;
  readonly #dropsRepeated: boolean;
  readonly #fault: () => void;
  readonly #isNumbered: boolean;
  #lastTime = Number.NaN;
  #isResumed = false;
  repeated = 0;

  constructor(profile: FeedProfile, gaps: Pick<Gaps, 'add' | 'fill'>, dropsRepeated: boolean, fault: () => void) {
    this.#profile = profile;
    this.#gaps = gaps;
    this.#dropsRepeated = dropsRepeated;
    this.#fault = fault;
    this.#isNumbered = profile.sequence !== undefined;
  }

  /** A connection ended: what comes next comes after a gap. */
  interrupt(): void {
    this.#isResumed = !Number.isNaN(this.#lastTime);
  }

  /**
   * Looks at messages that came `now`, the last of which was made at `madeAt`, if it says when. Returns those that are to be
   * delivered. A time ahead of the clock counts as `now`: otherwise the end of a gap would lie in the future.
   */
  sift(messages: readonly unknown[], madeAt: number, now: number): readonly unknown[] {
    const left = this.#isNumbered || this.#isResumed ? this.#watched(messages, now) : messages;
    const at = notAfter(now, madeAt);
    if (!(at <= this.#lastTime)) this.#lastTime = at;
    return left;
  }

  /** When a message was made; NaN: it does not say, or the profile cannot read it. */
  timeOf(message: unknown): number {
    try {
      return this.#profile.time(message) ?? Number.NaN;
    } catch {
      this.#fault();
      return Number.NaN;
    }
  }

  #watched(messages: readonly unknown[], now: number): readonly unknown[] {
    // Copied only if one is let go.
    let kept: unknown[] | undefined;
    for (let n = 0; n < messages.length; n += 1) {
      const message = messages[n];
      const standing = this.#standingOf(message);
      if (standing === 'repeated') this.repeated += 1;
      else if (this.#isResumed && standing === 'new') this.#resume(notAfter(now, this.timeOf(message)));
      if (standing === 'repeated' && this.#dropsRepeated) kept ??= messages.slice(0, n);
      else kept?.push(message);
    }
    return kept ?? messages;
  }

  /** Whatever has no number may be missing as well. */
  #resume(at: number): void {
    this.#isResumed = false;
    const from = this.#lastTime;
    const to = Math.max(from, at);
    this.#gaps.add({ reason: 'reconnect', of: null, from, to, unit: 'ms', missing: null });
  }

  #standingOf(message: unknown): 'new' | 'late' | 'repeated' {
    const sequence = this.#numberOf(message);
    if (sequence === undefined) return 'new';
    const { of, number } = sequence;
    const last = this.#last.get(of);
    if (last !== undefined && number <= last && last - number <= REPEATED_MAX)
      return this.#gaps.fill(of, number) ? 'late' : 'repeated';
    if (last !== undefined || this.#last.size < ROWS_MAX) this.#last.set(of, number);
    if (last !== undefined && number > last + 1)
      this.#gaps.add({
        reason: 'sequence',
        of,
        from: last + 1,
        to: number - 1,
        unit: 'sequence',
        missing: number - last - 1,
      });
    return 'new';
  }

  #numberOf(message: unknown): SequenceNumber | undefined {
    try {
      const sequence = this.#profile.sequence?.(message);
      // Between numbers that are not whole nobody can say what is missing.
      return Number.isSafeInteger(sequence?.number) ? sequence : undefined;
    } catch {
      this.#fault();
      return undefined;
    }
  }
}

/** NaN: it does not say when it was made. */
function notAfter(now: number, madeAt: number): number {
  return Number.isNaN(madeAt) ? now : Math.min(madeAt, now);
}
