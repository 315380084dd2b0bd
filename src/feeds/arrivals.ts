import type { Clock } from '../core/clock.ts';
import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { FeedBus } from './feed-bus.ts';
import type { FeedProfile } from './profile.ts';
import type { Sequences } from './sequences.ts';
import type { Target } from './target.ts';

export type ArrivalCounts = Pick<
  FeedMetrics,
  'received' | 'repeated' | 'repeatedDropped' | 'lastMessageAt' | 'lagMs' | 'lagMsMax'
>;

/** Where messages go by between the reader and the target. */
export class Arrivals {
  readonly #profile: FeedProfile;
  readonly #clock: Clock;
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
    clock: Clock,
    bus: FeedBus,
    sequences: Sequences,
    target: Target,
    dropsRepeated: boolean,
  ) {
    this.#profile = profile;
    this.#clock = clock;
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
    const at = this.#clock.wallTime();
    this.#received += messages.length;
    this.#lastMessageAt = at;
    const kept = messages.filter((message) => !this.#see(message, at) || !this.#dropsRepeated);
    this.#repeatedDropped += messages.length - kept.length;
    if (kept.length > 0) this.#target.take(kept, (bytes * kept.length) / messages.length);
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
