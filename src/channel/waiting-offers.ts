import { setMaxListeners } from 'node:events';
import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';

interface WaitingOffer {
  readonly message: unknown;
  /** If it was read already. */
  readonly key: string | undefined;
  readonly origin: Origin | undefined;
  /** Where it waits; a reload may move it. */
  queue: Set<WaitingOffer>;
  readonly answer: (outcome: Outcome) => void;
}

/** Offers that wait for room, in order of asking. */
export class WaitingOffers {
  /** Undefined: none has waited yet. */
  #queue: Set<WaitingOffer> | undefined;

  get size(): number {
    return this.#queue === undefined ? 0 : this.#queue.size;
  }

  get origins(): readonly (Origin | undefined)[] {
    return [...(this.#queue ?? [])].map(({ origin }) => origin);
  }

  /** Waits. An abort takes the offer back: the promise rejects with the signal's reason. */
  add(message: unknown, signal?: AbortSignal, key?: string, origin?: Origin): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const takeBack = (): void => {
        if (offer.queue.delete(offer)) reject(signal?.reason);
      };
      const answer = (outcome: Outcome): void => {
        signal?.removeEventListener('abort', takeBack);
        resolve(outcome);
      };
      this.#queue ??= new Set();
      const offer: WaitingOffer = { message, key, origin, queue: this.#queue, answer };
      this.#queue.add(offer);
      if (signal === undefined) return;
      // A host has one signal for all that wait; Node takes more than ten listeners for a leak, and they go with the answer.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', takeBack, { once: true });
    });
  }

  /** Takes the offer that has waited longest; undefined when none waits. */
  shift(): Omit<WaitingOffer, 'queue'> | undefined {
    const [first] = this.#queue ?? [];
    first?.queue.delete(first);
    return first;
  }

  /** Moves all of them to the end of other queues. */
  moveTo(queueFor: (message: unknown, key: string | undefined) => WaitingOffers): void {
    for (const offer of [...(this.#queue ?? [])]) {
      offer.queue.delete(offer);
      const target = queueFor(offer.message, offer.key);
      target.#queue ??= new Set();
      offer.queue = target.#queue.add(offer);
    }
  }
}
