import { setMaxListeners } from 'node:events';
import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';

interface WaitingOffer {
  /** It is no offer: somebody wants to know that its turn has come. */
  readonly call?: () => void;
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
  readonly #takenBack: () => void;

  /** `takenBack`: called after an abort took an offer back. */
  constructor(takenBack: () => void = () => {}) {
    this.#takenBack = takenBack;
  }

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
        if (!offer.queue.delete(offer)) return;
        reject(signal?.reason);
        this.#takenBack();
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

  /** Calls when its turn comes, as that of an offer, or when the queue is moved; the returned function takes it out. */
  addCall(call: () => void): () => void {
    this.#queue ??= new Set();
    const entry: WaitingOffer = {
      message: undefined,
      key: undefined,
      origin: undefined,
      queue: this.#queue,
      call,
      answer() {},
    };
    this.#queue.add(entry);
    return () => void entry.queue.delete(entry);
  }

  /** The offer that has waited longest; undefined when none waits. */
  get first(): Omit<WaitingOffer, 'queue'> | undefined {
    const [first] = this.#queue ?? [];
    return first;
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
      if (offer.call !== undefined) {
        offer.call();
        continue;
      }
      const target = queueFor(offer.message, offer.key);
      target.#queue ??= new Set();
      offer.queue = target.#queue.add(offer);
    }
  }
}
