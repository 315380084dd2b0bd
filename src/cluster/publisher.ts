import { partitionOf } from '../core/partition-of.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { checkSize, encodeMessage } from '../journal/encode-message.ts';
import { telling } from './host-alerts.ts';
import { PartitionSender, type SenderParts } from './partition-sender.ts';
import { within } from './patience.ts';

/** How messages find their partitions. */
export interface PublisherOptions<Message> {
  /** The key of a message: those of one key keep their order, and go to one partition. */
  readonly key: (message: Message) => string;
  /** How long a message may wait for others that share its frame; 5 ms by default. */
  readonly lingerMs?: number;
  /** Called when no frame was taken for 3 s, with the reason, and with nothing when one was. What it throws becomes a warning. */
  readonly onTrouble?: (trouble: string | undefined) => void;
}

export const publisherOptionNames = { key: true, lingerMs: true, onTrouble: true } as const;
const TOLD_AFTER_MS = 3_000;

/** What a publisher is made of. */
export interface PublisherParts extends Omit<SenderParts, 'onTrouble'> {
  /** Resolves when the broker can be written to. */
  readonly prepare: () => Promise<void>;
}

/** Puts messages into frames, one partition after its own order, and waits until the broker has them. */
export class Publisher<Message> {
  readonly #parts: PublisherParts;
  readonly #key: (message: Message) => string;
  readonly #senders: readonly PartitionSender[];
  readonly #tell: (trouble: string | undefined) => void;
  #prepared: Promise<void> | undefined;
  /** Since when there is trouble; infinite: there is none. */
  #troubledAt = Number.POSITIVE_INFINITY;
  #isTold = false;
  #isClosed = false;

  constructor(parts: PublisherParts, { key, lingerMs = 5, onTrouble }: PublisherOptions<Message>) {
    if (typeof key !== 'function') throw new SluiceError('invalid-option', `key must be a function, got ${typeof key}`);
    if (!(lingerMs >= 0 && lingerMs <= 1_000))
      throw new SluiceError('invalid-option', `lingerMs must be from 0 to 1000, got ${String(lingerMs)}`);
    this.#parts = parts;
    this.#key = key;
    this.#tell = telling('onTrouble of a publisher', onTrouble);
    const sender = { ...parts, onTrouble: () => this.#noteTrouble() };
    this.#senders = Array.from(
      { length: parts.partitions },
      (_, partition) => new PartitionSender(sender, partition, lingerMs),
    );
  }

  /** How many messages wait for the broker. */
  get waiting(): number {
    return this.#senders.reduce((sum, sender) => sum + sender.waiting, 0);
  }

  /** Why messages wait, in words: the stream is full, or the broker does not answer; undefined: nothing went wrong. */
  get trouble(): string | undefined {
    return this.#senders.find(({ trouble }) => trouble !== undefined)?.trouble;
  }

  /**
   * Resolves when the broker has the message, or every one of an array. While a stream is full or the broker is away it
   * waits: stop reading your feed meanwhile. Rejects with `SluiceError`: `invalid-message` for one that JSON cannot
   * express, that has no key or is above 512 KB, and nothing of the call was sent; `not-running` after `close`, when the
   * message may have been written; and with what `prepare` of the streams found wrong.
   */
  async publish(messages: Message | readonly Message[]): Promise<void> {
    // A message is no array itself: one that is an array is given in an array.
    const list = (Array.isArray(messages) ? messages : [messages]) as readonly Message[];
    if (this.#isClosed) throw new SluiceError('not-running', 'the publisher is closed');
    const texts: string[] = [];
    const senders: (PartitionSender | undefined)[] = [];
    for (const message of list) {
      const text = encodeMessage(message);
      checkSize(text);
      texts.push(text);
      senders.push(this.#senders[this.#partitionOf(message)]);
    }
    // Those of one frame have one promise.
    const kept = new Set<Promise<void> | undefined>();
    for (let n = 0; n < texts.length; n++) kept.add(senders[n]?.add(texts[n] ?? ''));
    if (this.#prepared === undefined) this.#prepare();
    await Promise.all(kept);
  }

  /** Waits for what is on its way; at the latest then everything that waits is rejected. */
  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    const flushed = Promise.all(this.#senders.map((sender) => sender.flush()));
    await within(this.#parts.clock, withinMs, flushed).catch(() => {});
    for (const sender of this.#senders) sender.giveUp(new SluiceError('not-running', 'the publisher was closed'));
  }

  #noteTrouble(): void {
    const { trouble } = this;
    const now = this.#parts.clock.now();
    this.#troubledAt = trouble === undefined ? Number.POSITIVE_INFINITY : Math.min(this.#troubledAt, now);
    const isLasting = now - this.#troubledAt >= TOLD_AFTER_MS;
    if (isLasting !== this.#isTold) this.#tell(trouble);
    this.#isTold = isLasting;
  }

  #prepare(): void {
    this.#prepared = this.#parts.prepare().then(
      () => {
        for (const sender of this.#senders) sender.open();
      },
      (error) => {
        this.#prepared = undefined;
        for (const sender of this.#senders) sender.giveUp(error);
      },
    );
  }

  #partitionOf(message: Message): number {
    const key: unknown = this.#key(message);
    if (typeof key === 'string') return partitionOf(key, this.#parts.partitions);
    throw new SluiceError('invalid-message', `the key of a message must be a string, got ${typeof key}`);
  }
}
