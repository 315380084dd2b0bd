import type { RejectReason } from '../core/outcome.ts';
import type { FeedProfile } from './profile.ts';
import type { Spillway } from './spillway.ts';
import type { MessageRouter, Pressure, Target, TargetCounts, TargetLimits } from './target.ts';

interface Held {
  readonly message: unknown;
  readonly options: Options | undefined;
  readonly bytes: number;
}
type Options = { readonly dataType: string };

const SEEN_MAX = 8;
/** The same for all feeds, so that a router knows them: data types are few. */
const shared = new Map<string, Options>();

function optionsOf(dataType: string): Options {
  const options = shared.get(dataType) ?? Object.freeze({ dataType });
  shared.set(dataType, options);
  return options;
}

/** Routes messages; while the router has no room for one, that message and all behind it wait or are let go. */
export class RouterTarget implements Target {
  readonly #router: MessageRouter;
  readonly #recognize: FeedProfile['recognize'];
  readonly #limits: TargetLimits;
  readonly #pressure: Pressure;
  readonly #spillway: Spillway | undefined;
  #isSpilling = false;
  /** One object for each data type: a message costs none. */
  readonly #options = new Map<unknown, Options | null>();
  /** What came of these, and their options: comparing a handful beats hashing. */
  readonly #seen: unknown[] = [];
  readonly #seenOptions: (Options | null)[] = [];
  readonly #ended = new AbortController();
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #isOffering = false;
  #isDropping = false;
  readonly #count = { delivered: 0, refused: 0, ignored: 0, dropped: 0, returned: 0 };

  constructor(
    router: MessageRouter,
    profile: FeedProfile,
    limits: TargetLimits,
    pressure: Pressure,
    spillway: Spillway | undefined,
  ) {
    this.#router = router;
    this.#recognize = profile.recognize;
    this.#limits = limits;
    this.#pressure = pressure;
    this.#spillway = spillway;
    for (const [value, dataType] of Object.entries(this.#recognize.types))
      this.#options.set(value, dataType === null ? null : optionsOf(dataType));
  }

  get counts(): TargetCounts {
    const own = { ...this.#count, spilled: 0, held: this.#held.length };
    if (this.#spillway === undefined) return own;
    const { delivered, refused, dropped, held } = this.#spillway.counts;
    return {
      ...own,
      delivered: own.delivered + delivered,
      spilled: delivered,
      refused: own.refused + refused,
      dropped: own.dropped + dropped,
      held: own.held + held,
    };
  }

  get isFull(): boolean {
    return this.#isOffering || this.#spillway?.isFull === true;
  }

  take(messages: readonly unknown[], bytes: number): void {
    const each = bytes / messages.length;
    if (this.#spillway !== undefined) this.#begin(this.#spillway);
    for (let at = 0; at < messages.length; ) {
      const to = this.#endOfRun(messages, at);
      while (at < to) {
        at = this.#routeRun(messages, at, to);
        if (at < to) this.#take(messages[at++], each);
      }
    }
    if (this.#isSpilling) this.#spillway?.end(each);
  }

  isUnwanted(type: string): boolean {
    return this.#options.get(type) === null;
  }

  ignore(): void {
    this.#count.ignored += 1;
  }

  end(): readonly unknown[] {
    this.#ended.abort();
    const messages = this.#held.splice(0).map(({ message }) => message);
    this.#count.returned += messages.length;
    return messages;
  }

  /** Those side by side with the same value in the field that tells messages apart end here. */
  #endOfRun(messages: readonly unknown[], from: number): number {
    const { field } = this.#recognize;
    const value = valueIn(messages[from], field);
    let to = from + 1;
    while (to < messages.length && valueIn(messages[to], field) === value) to += 1;
    return to;
  }

  /** Routes messages of a run while they need nothing but room: looking for their channel once is enough. */
  #routeRun(messages: readonly unknown[], from: number, to: number): number {
    const { feeds } = this.#router;
    if (feeds === undefined || this.#isOffering || this.#isSpilling) return from;
    const options = this.#optionsFor(valueIn(messages[from], this.#recognize.field));
    if (options === null || options === undefined) return from;
    const next = feeds.routeRun(messages, from, to, options.dataType);
    if (next > from) this.#delivered(next - from);
    return next;
  }

  #take(message: unknown, bytes: number): void {
    const options = this.#optionsFor(valueIn(message, this.#recognize.field));
    if (options === null) {
      this.#count.ignored += 1;
    } else if (this.#isOffering) {
      this.#hold({ message, options, bytes });
    } else if (this.#isSpilling && this.#spillway?.takes(options) === true) {
      this.#spillway.add(options, message);
    } else {
      const outcome = this.#router.route(message, options);
      if (outcome.status === 'accepted') this.#delivered();
      else if (outcome.reason === 'mailbox-full' && this.#limits.whenFull !== 'drop') {
        this.#full(message, options, bytes);
      } else this.#refused(outcome.reason);
    }
  }

  /** By the field that tells messages apart. Null: nobody wants them; undefined: the router recognizes them. */
  #optionsFor(value: unknown): Options | null | undefined {
    const seen = this.#seen;
    for (let at = 0; at < seen.length; at += 1) if (seen[at] === value) return this.#seenOptions[at];
    const options = this.#options.get(value);
    if (options !== undefined && seen.length < SEEN_MAX) {
      seen.push(value);
      this.#seenOptions.push(options);
    }
    return options;
  }

  #delivered(count = 1): void {
    this.#count.delivered += count;
    if (this.#isDropping) this.#recover();
  }

  #refused(why: RejectReason): void {
    if (why === 'mailbox-full') return this.#drop();
    this.#count[why === 'ignored' ? 'ignored' : 'refused'] += 1;
    this.#recover();
  }

  #begin(spillway: Spillway): void {
    const wasSpilling = this.#isSpilling;
    this.#isSpilling = spillway.begin();
    if (wasSpilling && !this.#isSpilling) this.#recover();
  }

  #full(message: unknown, options: Options | undefined, bytes: number): void {
    if (this.#spillway === undefined) return this.#hold({ message, options, bytes });
    this.#isSpilling = true;
    this.#spillway.add(options, message);
  }

  #recover(): void {
    this.#isDropping = false;
    this.#pressure.recovered();
  }

  #hold(held: Held): void {
    if (this.#heldBytes + held.bytes > this.#limits.heldBytesMax) return this.#drop();
    this.#held.push(held);
    this.#heldBytes += held.bytes;
    if (!this.#isOffering) void this.#offer();
  }

  #drop(): void {
    this.#count.dropped += 1;
    this.#isDropping = true;
    this.#pressure.dropped();
  }

  /** Offers what waits, one after the other. Never rejects: an offer ends with an outcome, or with the signal. */
  async #offer(): Promise<void> {
    this.#isOffering = true;
    this.#pressure.pause();
    const { signal } = this.#ended;
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      const outcome = await this.#router.offer(next.message, { ...next.options, signal }).catch(() => undefined);
      // What waits was handed back.
      if (outcome === undefined) return;
      this.#held.shift();
      this.#heldBytes -= next.bytes;
      if (outcome.status === 'accepted') this.#delivered();
      else this.#refused(outcome.reason);
    }
    this.#isOffering = false;
    this.#pressure.resume();
  }
}

/** A claim that the reader has verified: it hands on objects only. */
function valueIn(message: unknown, field: string): unknown {
  return (message as Record<string, unknown>)[field];
}
