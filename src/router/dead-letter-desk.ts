import { checkOptions, type OptionNames, whenAborted } from '../config/options.ts';
import { limited } from '../core/limited.ts';
import { NextChange } from '../core/next-change.ts';
import type { Outcome } from '../core/outcome.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { DeadLetter, DeadLetterFilter, MemoryLetter } from '../facts/dead-letters.ts';
import { checkCounts, checkFilter, deadLetterFilter, isRefusal } from '../facts/dead-letters.ts';
import { isKeptAsText } from '../facts/stored-letters.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { FanOut } from './fan-out.ts';
import type { RouterParts } from './parts.ts';

/** How dead letters are replayed. */
export interface ReplayOptions extends Omit<DeadLetterFilter, 'newest'> {
  /** At most this many a second, default 100. */
  readonly perSecond?: number;
  /** A letter that came back so often is left where it is, default 3. */
  readonly replaysMax?: number;
  /** Ends the replay between two letters. */
  readonly signal?: AbortSignal;
}

/** What became of a replay. */
export interface ReplayReport {
  /** Taken in again. */
  readonly replayed: number;
  /** Left in the store: refused again, replayed too often, or without a channel. */
  readonly left: number;
  /** Why it ended before the last letter; null: it did not. */
  readonly refused: string | null;
}

/** What became of one letter. `left`: it was refused again; `unwanted`: nobody would take it, or it came back too often. */
type Fate = 'replayed' | 'left' | 'unwanted' | 'gone' | { readonly refused: string };

const { newest: _, ...replayFilter } = deadLetterFilter;
const replayOptions: OptionNames<ReplayOptions> = {
  ...replayFilter,
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
  /** By channel: settles when no replay of its letters waits any more. */
  readonly #turns = new Map<string | null, Promise<unknown>>();
  /** The only change is the end of the router: a wait must not keep the process alive. */
  readonly #changes: NextChange;

  constructor(parts: RouterParts) {
    const { ending, timers } = parts.services;
    this.#parts = parts;
    this.#changes = new NextChange(timers);
    ending.listen(() => this.#changes.notify());
  }

  /** Those that match, oldest first. Default: all. Rejects with what the store says. */
  async list(filter?: DeadLetterFilter): Promise<readonly DeadLetter[]> {
    return this.#list(checkFilter('list', filter));
  }

  /** Removes those that match, and resolves with how many there were. */
  async drop(filter?: DeadLetterFilter): Promise<number> {
    const { alerts, deadLetters, stored } = this.#parts;
    const checked = checkFilter('drop', filter);
    // With a limit it is the oldest of both that go.
    if (stored !== undefined && checked.limit !== undefined) {
      const counts = await Promise.all((await this.#list(checked)).map(({ id }) => this.drop({ id })));
      return counts.reduce((sum, count) => sum + count, 0);
    }
    const dropped = deadLetters.drop(checked);
    alerts.lettersLeft();
    return dropped + ((await stored?.drop(checked)) ?? 0);
  }

  /**
   * Routes dead letters again, oldest first, one at a time and never faster than `perSecond`. Fenced behind live traffic:
   * a letter goes only when nothing waits in its channel. It leaves memory when the channel has taken it in, and a store
   * of the host when that has settled the message. Refused while its channel is not delivering; ends with the router.
   */
  async replay(options: ReplayOptions = {}): Promise<ReplayReport> {
    checkOptions('deadLetters.replay', options, replayOptions);
    const { perSecond = PER_SECOND, replaysMax = REPLAYS_MAX, signal } = options;
    if (!(perSecond > 0)) throw invalidOption(`perSecond must be above 0, got ${String(perSecond)}`);
    checkCounts('replay', { limit: options.limit, replaysMax });
    const end = new AbortController();
    const release = signal && whenAborted(signal, () => end.abort());
    try {
      return await this.#replay(this.#each(letterFilterOf(options)), 1_000 / perSecond, replaysMax, end.signal);
    } finally {
      release?.();
    }
  }

  async #replay(letters: AsyncIterable<DeadLetter>, waitMs: number, replaysMax: number, aborted: AbortSignal) {
    const report = { replayed: 0, left: 0 };
    let mustWait = false;
    for await (const letter of letters) {
      if (mustWait) await this.#sleep(waitMs, aborted);
      const fate = await this.#inTurn(letter.channel, aborted, () => this.#turn(letter, replaysMax, aborted));
      if (typeof fate === 'object') return { ...report, ...fate };
      mustWait = fate !== 'gone' && fate !== 'unwanted';
      if (fate === 'replayed') report.replayed += 1;
      else if (fate !== 'gone') report.left += 1;
    }
    return { ...report, refused: null };
  }

  async #list(filter: DeadLetterFilter): Promise<readonly DeadLetter[]> {
    const { deadLetters, stored } = this.#parts;
    const inMemory = deadLetters.list(filter);
    if (stored === undefined) return inMemory;
    const all = [...(await stored.list(filter)), ...inMemory];
    return limited(
      all.sort((left, right) => left.at - right.at),
      filter,
    );
  }

  /** As `list`, but what is in a store comes by and by. */
  async *#each(filter: DeadLetterFilter): AsyncGenerator<DeadLetter> {
    const { deadLetters, stored } = this.#parts;
    const inMemory = [...deadLetters.list(filter)];
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    for await (const letter of stored?.each(filter) ?? []) {
      while ((inMemory[0]?.at ?? letter.at) < letter.at && left-- > 0) yield* inMemory.splice(0, 1);
      if (left-- <= 0) return;
      yield letter;
    }
    yield* inMemory.slice(0, Math.max(0, left));
  }

  /** The letters of a channel wait in a row: hundreds that look for room at once would be in each other's way. A turn may be long in coming. */
  #inTurn(channel: string | null, aborted: AbortSignal, turn: () => Promise<Fate>): Promise<Fate> {
    const last = (this.#turns.get(channel) ?? Promise.resolve()).then(turn);
    const done = last.catch(() => {});
    this.#turns.set(channel, done);
    void done.then(() => this.#turns.get(channel) === done && this.#turns.delete(channel));
    return new Promise((resolve, reject) => {
      const release = whenAborted(aborted, () => resolve({ refused: 'it was aborted' }));
      void last.then(resolve, reject).finally(release);
    });
  }

  /** Waits until live traffic leaves room. Nothing comes between the last look and the door: others may replay, too. */
  async #turn(letter: DeadLetter, replaysMax: number, aborted: AbortSignal): Promise<Fate> {
    const { destinations, fleet } = this.#parts;
    const { channel: name, message } = letter;
    for (;;) {
      // It may have been dropped, evicted or replayed meanwhile, and its channel replaced.
      const isThere = this.#has(letter);
      if (!(typeof isThere === 'boolean' ? isThere : await isThere)) return 'gone';
      const channel = name === null ? destinations.channelOf(message) : fleet.channels.get(name);
      if (channel === undefined || replaysOf(letter) >= replaysMax || isKeptAsText(letter)) return 'unwanted';
      if (aborted.aborted) return { refused: 'it was aborted' };
      const { partitions } = channel;
      const blocked = partitions.find(({ canDeliver, inbox }) => !canDeliver || !inbox.isOpen);
      if (blocked !== undefined) return { refused: `channel ${blocked.id} is ${blocked.state}` };
      if (partitions.every(({ depth, inFlight }) => depth + inFlight === 0)) return this.#accept(letter, channel);
      await this.#sleep(FENCE_MS, aborted);
    }
  }

  #has(letter: DeadLetter): boolean | Promise<boolean> {
    const { deadLetters, stored } = this.#parts;
    return isInMemory(letter) ? deadLetters.get(letter.id) !== undefined : (stored?.has(String(letter.id)) ?? false);
  }

  async #accept(letter: DeadLetter, channel: ChannelEntry | FanOut): Promise<Fate> {
    const { message, reason } = letter;
    // A letter that was never accepted is routed anew; the others are payloads already, and go behind the door.
    const isPayload = !isRefusal(reason);
    let outcome: Outcome | undefined;
    if (isInMemory(letter)) {
      if (typeof message === 'object' && message !== null) replays.set(message, replaysOf(letter) + 1);
      outcome = this.#parts.deadLetters.replay(letter, (key) => channel.accept(message, isPayload, key));
    } else
      outcome = await this.#parts.stored?.replay(letter, (origin, key) =>
        channel.accept(message, isPayload, key, origin),
      );
    this.#parts.alerts.lettersLeft();
    if (outcome === undefined) return 'gone';
    if (outcome.status === 'accepted') return 'replayed';
    return outcome.reason === 'invalid' ? 'left' : { refused: `channel ${channel.name} refused it: ${outcome.reason}` };
  }

  /** Ends early with the signal, and with the router. */
  async #sleep(ms: number, aborted: AbortSignal): Promise<void> {
    if (!this.#parts.services.ending.isOver && !aborted.aborted) await this.#changes.wait(ms, aborted);
  }
}

function isInMemory(letter: DeadLetter): letter is MemoryLetter {
  return typeof letter.id === 'number';
}

function letterFilterOf({ id, channel, reason, limit }: ReplayOptions): DeadLetterFilter {
  const filter = { id, channel, reason, limit };
  // Given options only: a store need not tell undefined from a value.
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function replaysOf({ message, replays: counted }: DeadLetter): number {
  if (counted !== undefined) return counted;
  return typeof message === 'object' && message !== null ? (replays.get(message) ?? 0) : 0;
}
