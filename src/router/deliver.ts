import { throwIfAborted } from '../config/options.ts';
import type { GivenUp, Origin, Settlement } from '../core/origin.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import type { Intake, OfferOptions } from './intake.ts';

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

/** Offers messages one after the other; resolves when it is known of each what became of it, in order. */
export async function deliver(
  intake: Intake,
  messages: readonly unknown[],
  options: OfferOptions,
): Promise<readonly DeliveryOutcome[]> {
  const source = {};
  const awaited = messages.map(() => new Awaited(source));
  for (const [index, origin] of awaited.entries()) {
    try {
      throwIfAborted(options.signal);
      const outcome = await intake.offerInTurn(messages[index], options, origin);
      // Of one that made a dead letter, its origin has heard already.
      if (outcome.status === 'rejected') origin.resolve(outcome);
    } catch {
      // Only its signal keeps an offer out or takes it back.
      origin.resolve({ status: 'aborted' });
    }
  }
  return Promise.all(awaited.map(({ outcome }) => outcome));
}

/** The origin of a message whose caller waits to hear what became of it. */
class Awaited implements Origin {
  readonly source: unknown;
  readonly outcome: Promise<DeliveryOutcome>;
  resolve: (outcome: DeliveryOutcome) => void = () => {};

  constructor(source: unknown) {
    this.source = source;
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  settled(how: Settlement, letter?: GivenUp): void {
    if (how !== 'dead-lettered') return this.resolve({ status: how });
    const { channel = null, reason, error } = letter ?? {};
    // Letters are made in one place, whose reasons these are.
    this.resolve({ status: how, channel, reason: reason as DeadLetterReason, error });
  }

  handedBack(how: 'returned' | 'unsettled'): void {
    this.resolve({ status: how });
  }
}
