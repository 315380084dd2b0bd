import { checkOptions, type OptionNames } from '../config/options.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { checkFilter, type DeadLetter, type DeadLetterFilter, deadLetterFilter } from '../facts/dead-letters.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { RouterParts } from './parts.ts';

/** How dead letters are replayed. */
export interface ReplayOptions extends DeadLetterFilter {
  /** At most this many a second, default 100. */
  readonly perSecond?: number;
  /** A letter that came back so often is left where it is, default 3. */
  readonly replaysMax?: number;
  /** Ends the replay between two letters. */
  readonly signal?: AbortSignal;
}

/** What became of a replay. */
export interface ReplayReport {
  /** Taken in again: they left the store. */
  readonly replayed: number;
  /** Left in the store because they were replayed too often, or no channel would take them. */
  readonly left: number;
  /** Why it ended before the last letter; null: it did not. */
  readonly refused: string | null;
}

const replayOptions: OptionNames<ReplayOptions> = {
  ...deadLetterFilter,
  perSecond: true,
  replaysMax: true,
  signal: true,
};

const PER_SECOND = 100;
const REPLAYS_MAX = 3;
/** How often a replay looks whether live traffic leaves it room, in ms. */
const FENCE_MS = 10;
/** How often each message was replayed: it counts on when the message becomes a dead letter again. */
const replays = new WeakMap<object, number>();

/** The dead letters of a router, as an operator handles them. */
export class DeadLetterDesk {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** Those that match, oldest first. Default: all. */
  list(filter?: DeadLetterFilter): readonly DeadLetter[] {
    return this.#parts.deadLetters.list(checkFilter('list', filter));
  }

  /** Removes those that match, and returns how many there were. */
  drop(filter?: DeadLetterFilter): number {
    return this.#parts.deadLetters.drop(checkFilter('drop', filter));
  }

  /**
   * Routes dead letters again, oldest first, one at a time and never faster than `perSecond`. Fenced behind live traffic:
   * a letter goes only when nothing waits in its channel. Refused while its channel is not delivering.
   */
  async replay(options: ReplayOptions = {}): Promise<ReplayReport> {
    checkOptions('deadLetters.replay', options, replayOptions);
    const { perSecond = PER_SECOND, replaysMax = REPLAYS_MAX, signal } = options;
    if (!(perSecond > 0))
      throw new SluiceError('invalid-option', `perSecond must be above 0, got ${String(perSecond)}`);
    const { deadLetters, fleet, intake } = this.#parts;
    const report = { replayed: 0, left: 0 };
    for (const { id, channel: name, message, reason } of deadLetters.list(options)) {
      const channel = name === null ? intake.channelOf(message) : fleet.channels.get(name);
      if (channel === undefined || replaysOf(message) >= replaysMax) {
        report.left += 1;
        continue;
      }
      const refused = await this.#fence(channel, signal);
      if (refused !== null) return { ...report, refused };
      // The letter may have been dropped or evicted while the replay waited for its turn.
      if (deadLetters.drop({ id }) === 0) continue;
      if (typeof message === 'object' && message !== null) replays.set(message, replaysOf(message) + 1);
      // A letter that was never accepted is routed anew; the others are payloads already, and go behind the door.
      const isRaw = reason === 'unknown-type' || reason === 'invalid';
      channel.accept(message, isRaw);
      report.replayed += 1;
      await this.#sleep(1_000 / perSecond);
    }
    return { ...report, refused: null };
  }

  /** Waits until live traffic leaves room; returns why when that will not be. */
  async #fence({ partitions }: ChannelEntry, signal: AbortSignal | undefined): Promise<string | null> {
    for (;;) {
      if (signal?.aborted === true) return 'it was aborted';
      const blocked = partitions.find(({ canDeliver, inbox }) => !canDeliver || !inbox.isOpen);
      if (blocked !== undefined) return `channel ${blocked.id} is ${blocked.state}`;
      if (partitions.every(({ depth, inFlight }) => depth + inFlight === 0)) return null;
      await this.#sleep(FENCE_MS);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.services.timers.setTimeout(resolve, ms));
  }
}

function replaysOf(message: unknown): number {
  return typeof message === 'object' && message !== null ? (replays.get(message) ?? 0) : 0;
}
