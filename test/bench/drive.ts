import { type Intake, nextTurn } from './contestant.ts';
import type { Message, MessageType } from './message.ts';
import { ownTime } from './run.ts';
import type { Supply } from './supply.ts';

/** Nothing was delivered for so long: what is missing will not come. */
const STALLED_MS = 5_000;

/** Nothing more came for so long: what is out waits for something. */
const QUIET_MS = 2;

/** Sees what is delivered. */
export interface Witness {
  readonly type: MessageType;
  /** How many messages came. */
  readonly seen: number;
  /** What is wrong when so many were handed over; undefined: nothing. */
  verdict(handedOver: number): string | undefined;
}

/** Pushes a supply, slice by slice, and knows what must come out of it. */
export class Producer {
  readonly #supply: Supply;
  readonly #intake: Intake;
  readonly #checks: readonly Witness[];
  readonly #stalledMs: number;
  /** Pushes that found no room. */
  refused = 0;

  constructor(supply: Supply, intake: Intake, checks: readonly Witness[], stalledMs = STALLED_MS) {
    this.#stalledMs = stalledMs;
    this.#supply = supply;
    this.#intake = intake;
    this.#checks = checks;
  }

  get seen(): number {
    let seen = 0;
    for (const check of this.#checks) seen += check.seen;
    return seen;
  }

  /**
   * Pushes for so long, so many slices at a time; returns the messages that were delivered per second. What is still out
   * then belongs to it, as long as it keeps coming: a batch that is not full waits for its window.
   */
  async run(budgetMs: number, slices: number): Promise<number> {
    const seenBefore = this.seen;
    const startedAt = ownTime();
    const end = performance.now() + budgetMs;
    while (performance.now() < end) for (let left = slices; left > 0; left -= 1) await this.slice();
    let { seen } = this;
    let endedAt = ownTime();
    for (let quietAt = performance.now(); !this.isSettled && performance.now() - quietAt < QUIET_MS; ) {
      await nextTurn();
      if (this.seen === seen) continue;
      seen = this.seen;
      endedAt = ownTime();
      quietAt = performance.now();
    }
    return ((seen - seenBefore) / (endedAt - startedAt)) * 1_000;
  }

  /** One slice, then a turn of the event loop. */
  async slice(): Promise<void> {
    const intake = this.#intake;
    for (const message of this.#supply.next()) if (!intake.push(message)) await this.#pushLater(message);
    await nextTurn();
  }

  /** Everything pushed so far was delivered. */
  get isSettled(): boolean {
    return this.#verdict() === undefined;
  }

  /** Waits until everything handed over was delivered, but only while something still comes; throws what is wrong. */
  async settle(): Promise<void> {
    let seen = this.seen;
    let seenAt = performance.now();
    while (this.#verdict() !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.seen !== seen) {
        seen = this.seen;
        seenAt = performance.now();
      } else if (performance.now() - seenAt > this.#stalledMs) throw new Error(this.#verdict());
    }
    // Whatever comes twice comes late.
    await nextTurn();
    const verdict = this.#verdict();
    if (verdict !== undefined) throw new Error(verdict);
  }

  #verdict(): string | undefined {
    for (const check of this.#checks) {
      const verdict = check.verdict(this.#supply.taken(check.type));
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  /** Tries again whenever there may be room, but only while something is delivered. */
  async #pushLater(message: Message): Promise<void> {
    let { seen } = this;
    let seenAt = performance.now();
    do {
      this.refused += 1;
      await within(this.#stalledMs, this.#intake.room());
      if (this.seen !== seen) {
        seen = this.seen;
        seenAt = performance.now();
      } else if (performance.now() - seenAt > this.#stalledMs)
        throw new Error(`full, and nothing was delivered for ${this.#stalledMs} ms; delivered so far: ${seen}`);
    } while (!this.#intake.push(message));
  }
}

/** Resolves with the promise, or when the time is up. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeUp]);
  clearTimeout(timer);
}
