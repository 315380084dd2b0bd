import type { Outcome } from '../core/outcome.ts';
import type { Intake, Waiting } from './intake.ts';
import type { OfferOptions } from './offer-options.ts';

/**
 * A stream of messages of several channels on its way in. While messages of one channel wait for room, those of the
 * others pass. The stream itself waits when more than `waitingMax` wait for a partition, or when no other channel could
 * have messages in it. An element is a message or a list of them.
 */
export class MixedStream {
  readonly #intake: Intake;
  readonly #options: OfferOptions;
  /** How many messages were accepted and rejected. */
  readonly count = { accepted: 0, rejected: 0 };
  /** What was read but not taken in when the stream was ended. */
  readonly returned: unknown[] = [];
  #waiting = 0;
  isOver = false;
  /** Ends what the stream waits for now. */
  #wake: () => void = () => {};
  #settled: (() => void)[] = [];

  constructor(intake: Intake, options: OfferOptions) {
    this.#intake = intake;
    this.#options = options;
  }

  /** Takes an element in; the promise, if there is one, resolves when the next may come. */
  take(element: unknown): Promise<void> | undefined {
    const messages = this.#intake.messagesIn(element, this.#options.dataType);
    return messages === undefined ? this.#takeOne(element) : this.#takeAll(messages);
  }

  /** From now on nothing is taken in. */
  end(): void {
    this.isOver = true;
    this.#wake();
  }

  /** Resolves when each message that waits for room has its answer. */
  async whenSettled(): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => void this.#settled.push(resolve));
  }

  async #takeAll(messages: readonly unknown[]): Promise<void> {
    for (const message of messages) {
      const pause = this.#takeOne(message);
      if (pause !== undefined) await pause;
    }
  }

  #takeOne(message: unknown): Promise<void> | undefined {
    if (this.isOver) {
      this.returned.push(message);
      return undefined;
    }
    const answer = this.#intake.offerFromStream(message, this.#options);
    if ('status' in answer) {
      this.count[answer.status] += 1;
      // A source that never waits would keep timers and sockets waiting.
      return this.#intake.pause();
    }
    this.#track(message, answer);
    const isAlone = this.#options.dataType !== undefined || this.#intake.destinations.isOne;
    return isAlone || !answer.offers.isWithin ? this.#waitFor(answer, isAlone) : undefined;
  }

  #track(message: unknown, { outcome }: Waiting): void {
    this.#waiting += 1;
    const settle = (isReturned: boolean): void => {
      if (isReturned) this.returned.push(message);
      this.#waiting -= 1;
      if (this.#waiting === 0) for (const resolve of this.#settled.splice(0)) resolve();
    };
    const answered = ({ status }: Outcome): void => {
      this.count[status] += 1;
      settle(this.isOver && status === 'rejected');
    };
    // It rejects only when its signal took it back.
    outcome.then(answered, () => settle(true));
  }

  /** Waits until no more wait than may; alone, until this one is answered. */
  async #waitFor({ channel, offers, outcome }: Waiting, isAlone: boolean): Promise<void> {
    const release = this.#intake.streamWaits(channel);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (isAlone) outcome.then(() => resolve(), resolve);
      else offers.whenWithin(resolve);
    });
    release();
  }
}
