import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { NextChange } from '../core/next-change.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Appender } from './broker.ts';
import { encodeFrame } from './frame.ts';
import { pause } from './patience.ts';

const FRAME_MESSAGES_MAX = 1_000;
export const FRAME_BYTES_MAX = 512 * 1024;
/** Before a frame is sent again whose outcome is unknown, or for which there was no room. */
const RETRY_MS = 200;

interface Draft {
  readonly texts: string[];
  readonly begunAt: number;
  size: number;
  readonly kept: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

/** The frames of one partition, one at a time: a frame that is sent again cannot overtake another. */
export class PartitionSender {
  readonly #appender: Appender;
  readonly #clock: Clock;
  readonly #partition: number;
  readonly #partitions: number;
  readonly #producer: string;
  readonly #lingerMs: number;
  /** Takes messages. */
  #draft: Draft | undefined;
  /** Take no more; the first one is being sent. */
  #sealed: Draft[] = [];
  #waiting = 0;
  #trouble: string | undefined;
  #n = 0;
  #isOpen = false;
  #isSending = false;
  #given = new AbortController();
  readonly #changes: NextChange;

  constructor(
    {
      appender,
      clock,
      partitions,
      producer,
    }: { readonly appender: Appender; readonly clock: Clock; readonly partitions: number; readonly producer: string },
    partition: number,
    lingerMs: number,
  ) {
    this.#appender = appender;
    this.#clock = clock;
    this.#changes = new NextChange(clock);
    this.#partition = partition;
    this.#partitions = partitions;
    this.#producer = producer;
    this.#lingerMs = lingerMs;
  }

  /** Throws for a message that does not fit into a frame. */
  static checkSize(text: string): void {
    // No character takes more than three bytes in UTF-8.
    if (text.length * 3 <= FRAME_BYTES_MAX || Buffer.byteLength(text) <= FRAME_BYTES_MAX) return;
    const message = `a message of ${Buffer.byteLength(text)} bytes is larger than a frame, which holds ${FRAME_BYTES_MAX}`;
    throw new SluiceError('invalid-message', message);
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Why the broker did not take the frame that is next, in words; undefined: nothing waits, or nothing went wrong. */
  get trouble(): string | undefined {
    return this.#waiting === 0 ? undefined : this.#trouble;
  }

  add(text: string): Promise<void> {
    if (this.#draft !== undefined && !hasRoom(this.#draft, text)) this.#seal();
    this.#draft ??= newDraft(this.#clock.now());
    const { kept } = this.#draft;
    this.#draft.texts.push(text);
    this.#draft.size += Buffer.byteLength(text);
    this.#waiting += 1;
    this.#start();
    return kept;
  }

  /** The broker can be written to. */
  open(): void {
    this.#isOpen = true;
    this.#start();
  }

  async flush(): Promise<void> {
    const drafts = [...this.#sealed, ...(this.#draft === undefined ? [] : [this.#draft])];
    await Promise.all(drafts.map(({ kept }) => kept.catch(() => {})));
  }

  giveUp(error: unknown): void {
    this.#given.abort();
    this.#given = new AbortController();
    this.#seal();
    for (const { settle } of this.#sealed.splice(0)) settle(error);
    this.#waiting = 0;
  }

  #seal(): void {
    if (this.#draft !== undefined) this.#sealed.push(this.#draft);
    this.#draft = undefined;
    this.#changes.notify();
  }

  #start(): void {
    if (this.#isOpen && !this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#sealed.length > 0 || this.#draft !== undefined) {
      if (this.#sealed.length === 0) await this.#linger();
      const [draft] = this.#sealed;
      if (draft === undefined) continue;
      this.#n += 1;
      await this.#append(encodeFrame(draft.texts, this.#partitions), `${this.#producer}:${this.#partition}:${this.#n}`);
      if (this.#sealed[0] !== draft) continue;
      this.#sealed.shift();
      this.#waiting -= draft.texts.length;
      draft.settle();
    }
    this.#isSending = false;
  }

  /** Until the draft is full, or its first message has waited long enough. */
  async #linger(): Promise<void> {
    const waitedMs = this.#clock.now() - (this.#draft?.begunAt ?? 0);
    if (waitedMs < this.#lingerMs) await this.#changes.wait(this.#lingerMs - waitedMs);
    this.#seal();
  }

  /** Until it is there, always with the same id; or until everything is given up. */
  async #append(frame: Uint8Array, id: string): Promise<void> {
    const { signal } = this.#given;
    while (!signal.aborted) {
      try {
        await this.#appender.append(this.#partition, frame, id);
        this.#trouble = undefined;
        return;
      } catch (error) {
        this.#trouble = errorText(error);
        await pause(this.#clock, RETRY_MS, signal);
      }
    }
  }
}

function newDraft(begunAt: number): Draft {
  let settle: Draft['settle'] = () => {};
  const kept = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  return { texts: [], begunAt, size: 0, kept, settle };
}

function hasRoom({ texts, size }: Draft, text: string): boolean {
  return texts.length < FRAME_MESSAGES_MAX && size + Buffer.byteLength(text) <= FRAME_BYTES_MAX;
}
