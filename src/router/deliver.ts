import { checkOptions, throwIfAborted } from '../config/options.ts';
import type { GivenUp, Origin, Settlement } from '../core/origin.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import type { Intake } from './intake.ts';
import { type OfferOptions, offerOptions } from './offer-options.ts';

/** What became of one message of `deliver`. Only those `delivered` have reached the sink. */
export type DeliveryOutcome =
  /** `dropped` by a full mailbox, or `conflated`: a later message of the same key took its place. */
  | { readonly status: 'delivered' | 'dropped' | 'conflated' }
  /** It was given up, or refused as `invalid` or `unknown-type`; a dead letter keeps it. `channel`: null if none was found. */
  | {
      readonly status: 'dead-lettered';
      readonly channel: string | null;
      readonly reason: DeadLetterReason;
      readonly error: unknown;
    }
  /** It was not taken in. */
  | { readonly status: 'rejected'; readonly reason: RejectReason }
  /** The signal aborted before there was room for it; it was not taken in. */
  | { readonly status: 'aborted' }
  /** Its channel was stopped first: it waited (`returned`), or was in a call that did not settle (`unsettled`). */
  | { readonly status: 'returned' | 'unsettled' };

/** Of a list of messages, one outcome for each; of what may be a list, either. */
export type DeliveryOutcomeOf<Message> = unknown extends Message
  ? DeliveryOutcome | readonly DeliveryOutcome[]
  : Message extends readonly unknown[]
    ? readonly DeliveryOutcome[]
    : DeliveryOutcome;

/** Offers a message, or those of a list in order; resolves when it is known of each what became of it. */
export async function deliver<Message>(intake: Intake, message: Message, options: OfferOptions) {
  checkOptions('deliver', options, offerOptions);
  const list = intake.messagesIn(message, options.dataType);
  const outcomes = await deliverEach(intake, list ?? [message], options);
  // The compiler does not see that a list was asked for its list of outcomes.
  return (list === undefined ? outcomes[0] : outcomes) as DeliveryOutcomeOf<Message>;
}

async function deliverEach(intake: Intake, messages: readonly unknown[], options: OfferOptions) {
  const outcomes = new Outcomes(messages.length);
  for (const [index, message] of messages.entries()) {
    const origin = new Awaited(outcomes, index);
    try {
      throwIfAborted(options.signal);
      const outcome = await intake.offerInTurn(message, options, origin);
      // Of one that made a dead letter, its origin has heard already.
      if (outcome.status === 'rejected') outcomes.note(index, outcome);
    } catch {
      // Only its signal keeps an offer out or takes it back.
      outcomes.note(index, { status: 'aborted' });
    }
  }
  return outcomes.all;
}

/** What became of each of several messages. Without a promise for each: all that resolve would keep the event loop. */
class Outcomes {
  /** Resolves when it is known of each. */
  readonly all: Promise<readonly DeliveryOutcome[]>;
  readonly #known: DeliveryOutcome[];
  #left: number;
  #done: () => void = () => {};

  constructor(count: number) {
    this.#known = new Array(count);
    this.#left = count;
    this.all = new Promise((resolve) => {
      this.#done = () => resolve(this.#known);
    });
    if (count === 0) this.#done();
  }

  /** What was said first holds. */
  note(index: number, outcome: DeliveryOutcome): void {
    if (this.#known[index] !== undefined) return;
    this.#known[index] = outcome;
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }
}

/** The origin of a message whose caller waits to hear what became of it. */
class Awaited implements Origin {
  /** The messages of one call come from one source. */
  readonly source: Outcomes;
  readonly #index: number;

  constructor(source: Outcomes, index: number) {
    this.source = source;
    this.#index = index;
  }

  settled(how: Settlement, letter?: GivenUp): void {
    if (how !== 'dead-lettered') return this.source.note(this.#index, { status: how });
    const { channel = null, reason, error } = letter ?? {};
    // Letters are made in one place, whose reasons these are.
    this.source.note(this.#index, { status: how, channel, reason: reason as DeadLetterReason, error });
  }

  handedBack(how: 'returned' | 'unsettled'): void {
    this.source.note(this.#index, { status: how });
  }
}
