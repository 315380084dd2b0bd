import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetter, DeadLetterReason } from '../facts/dead-letters.ts';

/** The outcome of one message; `attempts` is how often `process` got it. */
export type MessageOutcome =
  | { readonly status: 'delivered'; readonly attempts: number }
  /** The message was not accepted. `error` says why it is `invalid`. */
  | { readonly status: 'rejected'; readonly reason: RejectReason; readonly error: unknown }
  | {
      readonly status: 'dead-lettered';
      readonly reason: DeadLetterReason;
      readonly error: unknown;
      readonly attempts: number;
    }
  /** Accepted, and then dropped by a full mailbox or replaced by a later message. */
  | { readonly status: 'dropped' | 'conflated' }
  /** The message still waited when the router stopped. */
  | { readonly status: 'returned'; readonly attempts: number }
  /** The call with the message had not settled when the router stopped. */
  | { readonly status: 'unsettled'; readonly attempts: number };

interface Entry {
  attempts: number;
  outcome: MessageOutcome | undefined;
}

/**
 * Follows messages by their payload. Among equal payloads (the same object, equal numbers or strings) the earliest is
 * assumed.
 */
export class MessageRoll {
  readonly #entries: Entry[] = [];
  readonly #byPayload = new Map<unknown, Entry[]>();
  #last: Entry = { attempts: 0, outcome: undefined };
  /** Messages that were accepted before there was an instance to check them, in order. */
  readonly #unchecked: Entry[] = [];
  #isChecked = false;

  /** The next message, as it came. */
  open(): void {
    this.#last = { attempts: 0, outcome: undefined };
    this.#entries.push(this.#last);
    this.#isChecked = false;
  }

  accepted(message: unknown): void {
    if (this.#isChecked) return;
    this.#add(message, this.#last);
    this.#unchecked.push(this.#last);
  }

  /** The message that came last is this payload. */
  checked(payload: unknown): void {
    this.#add(payload, this.#unchecked.shift() ?? this.#last);
    this.#isChecked = true;
  }

  rejected(reason: RejectReason, error: unknown): void {
    this.#last.outcome = { status: 'rejected', reason, error };
  }

  handed(batch: readonly unknown[]): void {
    const present = new Set<Entry>();
    for (const payload of batch) {
      const isAnother = (entry: Entry): boolean => !present.has(entry);
      this.#note(payload, isAnother, (entry) => {
        entry.attempts += 1;
        present.add(entry);
      });
    }
  }

  deadLettered({ message, reason, error }: DeadLetter): void {
    const wasHanded = ({ attempts }: Entry): boolean => attempts > 0;
    this.#note(message, wasHanded, (entry) => {
      entry.outcome = { status: 'dead-lettered', reason, error, attempts: entry.attempts };
    });
  }

  left(payloads: readonly unknown[], status: 'returned' | 'unsettled'): void {
    const isAny = (): boolean => true;
    for (const payload of payloads) {
      this.#note(payload, isAny, (entry) => {
        entry.outcome = { status, attempts: entry.attempts };
      });
    }
  }

  /** In the order in which they came. What nothing else became of was delivered, or never handed over at all. */
  close(neverHanded: 'dropped' | 'conflated'): readonly MessageOutcome[] {
    return this.#entries.map(({ outcome, attempts }) => {
      if (outcome !== undefined) return outcome;
      return attempts > 0 ? { status: 'delivered', attempts } : { status: neverHanded };
    });
  }

  #add(payload: unknown, entry: Entry): void {
    this.#byPayload.set(payload, [...(this.#byPayload.get(payload) ?? []), entry]);
  }

  #note(payload: unknown, isMeant: (entry: Entry) => boolean, note: (entry: Entry) => void): void {
    const open = this.#byPayload.get(payload)?.find((entry) => entry.outcome === undefined && isMeant(entry));
    if (open !== undefined) note(open);
  }
}
