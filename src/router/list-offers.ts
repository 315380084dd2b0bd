import { throwIfAborted } from '../config/options.ts';
import { ACCEPTED, type Outcome } from '../core/outcome.ts';

type Answer = Outcome | Promise<Outcome>;

/**
 * Offers lists. A long list is offered in parts, and between two parts the event loop has its turn. What is offered by `after`
 * meanwhile comes after the list, in order of asking.
 */
export class ListOffers {
  /** A promise once the event loop should have its turn. */
  readonly #pause: () => Promise<void> | undefined;
  /** Resolves when each message of the list that came last has been offered. */
  #offered: Promise<void> | undefined;

  constructor(pause: () => Promise<void> | undefined) {
    this.#pause = pause;
  }

  get isUnderWay(): boolean {
    return this.#offered !== undefined;
  }

  /** Offers something after the list that is under way. */
  after(offer: () => Answer, signal: AbortSignal | undefined): Promise<Outcome> {
    const offerNow = (): Answer => {
      throwIfAborted(signal);
      return offer();
    };
    return Promise.resolve(this.#offered).then(offerNow);
  }

  /**
   * Offers the messages of an array that nobody changes. Resolves when each has its answer, with the first refusal; rejects
   * if the signal took one back.
   */
  async offer(messages: readonly unknown[], offerOne: (message: unknown) => Answer, signal: AbortSignal | undefined) {
    const waits: Promise<void>[] = [];
    let first: { readonly index: number; readonly refusal: Outcome } | undefined;
    let taken: { readonly back: unknown } | undefined;
    const note = (refusal: Outcome, index: number): void => {
      if (refusal.status === 'rejected' && index < (first?.index ?? messages.length)) first = { index, refusal };
    };
    // Heard at once: a rejection that nobody hears of before the list is through would end the process.
    const tookBack = (back: unknown): void => {
      taken ??= { back };
    };
    let release: (() => void) | undefined;
    try {
      for (const [index, message] of messages.entries()) {
        const answer = offerOne(message);
        if (answer instanceof Promise) waits.push(answer.then((outcome) => note(outcome, index), tookBack));
        else note(answer, index);
        const pause = this.#pause();
        if (pause === undefined) continue;
        release ??= this.#begin();
        await pause;
        throwIfAborted(signal);
      }
    } finally {
      release?.();
    }
    await Promise.all(waits);
    if (taken !== undefined) throw taken.back;
    return first?.refusal ?? ACCEPTED;
  }

  /** Others wait until the returned function is called. */
  #begin(): () => void {
    let release = (): void => {};
    const offered = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#offered = offered;
    // Added first, so it runs before those that waited, and nothing can come between it and them.
    void offered.then(() => {
      if (this.#offered === offered) this.#offered = undefined;
    });
    return release;
  }
}
