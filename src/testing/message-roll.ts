import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetter, DeadLetterReason } from '../observe/dead-letters.ts';

/** What became of one message; `attempts` is how often `process` got it. */
export type MessageOutcome =
  | { readonly status: 'delivered'; readonly attempts: number }
  /** The door refused it. `error` says why it is `invalid`. */
  | { readonly status: 'rejected'; readonly reason: RejectReason; readonly error: unknown }
  | {
      readonly status: 'dead-lettered';
      readonly reason: DeadLetterReason;
      readonly error: unknown;
      readonly attempts: number;
    }
  /** Taken in and given up for another one, because the mailbox was full. */
  | { readonly status: 'dropped' | 'conflated' }
  /** Still waiting when the router was stopped. */
  | { readonly status: 'returned'; readonly attempts: number }
  /** Its call had not settled when the router was stopped. */
  | { readonly status: 'unknown'; readonly attempts: number };

interface Entry {
  attempts: number;
  outcome: MessageOutcome | undefined;
}

/**
 * Follows messages by their payload. Of payloads that cannot be told apart (the same object, equal numbers or texts)
 * the one that came first is taken to be meant.
 */
export class MessageRoll {
  readonly #entries: Entry[] = [];
  readonly #byPayload = new Map<unknown, Entry[]>();

  /** The next message, as it came. */
  open(): void {
    this.#entries.push({ attempts: 0, outcome: undefined });
  }

  /** The message that came last is this payload. */
  checked(payload: unknown): void {
    const entry = this.#entries.at(-1);
    if (entry !== undefined) this.#byPayload.set(payload, [...(this.#byPayload.get(payload) ?? []), entry]);
  }

  /** The message that came last was refused. */
  rejected(reason: RejectReason, error: unknown): void {
    const entry = this.#entries.at(-1);
    if (entry === undefined) return;
    entry.outcome = { status: 'rejected', reason, error };
  }

  /** `process` gets these. */
  handed(batch: readonly unknown[]): void {
    const present = new Set<Entry>();
    for (const payload of batch) {
      const entry = this.#find(payload, (each) => !present.has(each));
      if (entry === undefined) continue;
      entry.attempts += 1;
      present.add(entry);
    }
  }

  deadLettered({ message, reason, error }: DeadLetter): void {
    const entry = this.#find(message, ({ attempts }) => attempts > 0);
    if (entry !== undefined) entry.outcome = { status: 'dead-lettered', reason, error, attempts: entry.attempts };
  }

  /** The router ended with these. */
  left(payloads: readonly unknown[], status: 'returned' | 'unknown'): void {
    for (const payload of payloads) {
      const entry = this.#find(payload, () => true);
      if (entry !== undefined) entry.outcome = { status, attempts: entry.attempts };
    }
  }

  /** In the order in which they came. What nothing else became of was delivered, or never handed over at all. */
  close(neverHanded: 'dropped' | 'conflated'): readonly MessageOutcome[] {
    return this.#entries.map(({ outcome, attempts }) => {
      if (outcome !== undefined) return outcome;
      return attempts > 0 ? { status: 'delivered', attempts } : { status: neverHanded };
    });
  }

  #find(payload: unknown, isMeant: (entry: Entry) => boolean): Entry | undefined {
    return this.#byPayload.get(payload)?.find((entry) => entry.outcome === undefined && isMeant(entry));
  }
}
