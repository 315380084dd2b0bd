import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { FeedBus } from './feed-bus.ts';
import type { FeedProfile } from './profile.ts';
import type { Sequences } from './sequences.ts';
import type { Target } from './target.ts';
import type { TurnTime } from './turn-time.ts';

export type ArrivalCounts = Pick<
  FeedMetrics,
  'received' | 'repeated' | 'repeatedDropped' | 'lastMessageAt' | 'lagMs' | 'lagMsMax'
>;

/** Where messages go by between the reader and the target. */
export class Arrivals {
  readonly #profile: FeedProfile;
  readonly #time: TurnTime;
  readonly #bus: FeedBus;
  readonly #sequences: Sequences;
  readonly #target: Target;
  readonly #dropsRepeated: boolean;
  #received = 0;
  #repeatedDropped = 0;
  #lastMessageAt: number | null = null;
  #lagMs: number | null = null;
  #lagMsMax: number | null = null;

  constructor(
    profile: FeedProfile,
    time: TurnTime,
    bus: FeedBus,
    sequences: Sequences,
    target: Target,
    dropsRepeated: boolean,
  ) {
    this.#profile = profile;
    this.#time = time;
    this.#bus = bus;
    this.#sequences = sequences;
    this.#target = target;
    this.#dropsRepeated = dropsRepeated;
  }

  get counts(): ArrivalCounts {
    return {
      received: this.#received,
      repeated: this.#sequences.repeated,
      repeatedDropped: this.#repeatedDropped,
      lastMessageAt: this.#lastMessageAt,
      lagMs: this.#lagMs,
      lagMsMax: this.#lagMsMax,
    };
  }

  take(messages: readonly unknown[], bytes: number): void {
    const at = this.#time.wallTime;
    const count = messages.length;
    this.#received += count;
    this.#lastMessageAt = at;
    // Copied only if one is let go.
    let kept: unknown[] | undefined;
    for (let n = 0; n < count; n += 1) {
      const isDropped = this.#see(messages[n], at) && this.#dropsRepeated;
      if (isDropped) kept ??= messages.slice(0, n);
      else kept?.push(messages[n]);
    }
    const left = kept ?? messages;
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

  /** The connection ended. */
  interrupt(): void {
    this.#sequences.interrupt();
    this.#lagMsMax = null;
  }

  /** True: its number came before. A message of which the profile makes nothing is delivered as any other. */
  #see(message: unknown, at: number): boolean {
    try {
      const time = this.#profile.time(message);
      this.#lagMs = time === undefined ? null : at - time;
      if (this.#lagMs !== null) this.#lagMsMax = Math.max(this.#lagMs, this.#lagMsMax ?? this.#lagMs);
      return this.#sequences.see(message, time, at);
    } catch {
      this.#bus.fault();
      return false;
    }
  }
}
