import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { NextChange } from '../core/next-change.ts';
import { CHARACTER_BYTES_MAX, FRAME_BYTES_MAX, FRAME_MESSAGES_MAX } from '../journal/encode-message.ts';
import type { Appender } from './broker.ts';
import { encodeFrame } from './frame.ts';
import { pause } from './patience.ts';

/** Before a frame is sent again whose outcome is unknown, or for which there was no room. */
const RETRY_MS = 200;

interface Draft {
  readonly texts: string[];
  readonly begunAt: number;
  characters: number;
  readonly kept: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

/** What frames are made of and sent by. */
export interface SenderParts {
  readonly appender: Appender;
  readonly clock: Clock;
  readonly partitions: number;
  /** Begins the ids of frames, so no two publishers may have the same. */
  readonly producer: string;
  /** The broker did not take a frame, or has taken one after all. */
  readonly onTrouble: () => void;
}

/** The frames of one partition, one at a time: a frame that is sent again cannot overtake another. */
export class PartitionSender {
  readonly #parts: SenderParts;
  readonly #partition: number;
  readonly #lingerMs: number;
  /** Takes messages. */
  #draft: Draft | undefined;
  /** Take no more; the first one is being sent. */
  #sealed: Draft[] = [];
  waiting = 0;
  #trouble: string | undefined;
  #n = 0;
  #isOpen = false;
  #isSending = false;
  #given = new AbortController();
  readonly #changes: NextChange;

  constructor(parts: SenderParts, partition: number, lingerMs: number) {
    this.#parts = parts;
    this.#changes = new NextChange(parts.clock);
    this.#partition = partition;
    this.#lingerMs = lingerMs;
  }

  /** Why the broker did not take the frame that is next, in words; undefined: nothing waits, or nothing went wrong. */
  get trouble(): string | undefined {
    return this.waiting === 0 ? undefined : this.#trouble;
  }

  add(text: string): Promise<void> {
    if (this.#draft !== undefined && !hasRoom(this.#draft, text.length)) this.#seal();
    this.#draft ??= newDraft(this.#parts.clock.now());
    const { kept } = this.#draft;
    this.#draft.texts.push(text);
    this.#draft.characters += text.length;
    this.waiting += 1;
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
    this.waiting = 0;
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
    const { partitions, producer } = this.#parts;
    while (this.#sealed.length > 0 || this.#draft !== undefined) {
      if (this.#sealed.length === 0) await this.#linger();
      const [draft] = this.#sealed;
      if (draft === undefined) continue;
      this.#n += 1;
      await this.#append(encodeFrame(draft.texts, partitions), `${producer}:${this.#partition}:${this.#n}`);
      if (this.#sealed[0] !== draft) continue;
      this.#sealed.shift();
      this.waiting -= draft.texts.length;
      draft.settle();
    }
    this.#isSending = false;
  }

  /** Until the draft is full, or its first message has waited long enough. */
  async #linger(): Promise<void> {
    const waitMs = this.#lingerMs - (this.#parts.clock.now() - (this.#draft?.begunAt ?? 0));
    // In any case for the other messages of the same call.
    await (waitMs > 0 ? this.#changes.wait(waitMs) : undefined);
    this.#seal();
  }

  /** Until it is there, always with the same id; or until everything is given up. */
  async #append(frame: Uint8Array, id: string): Promise<void> {
    const { signal } = this.#given;
    while (!signal.aborted) {
      try {
        await this.#parts.appender.append(this.#partition, frame, id);
        if (this.#trouble !== undefined) this.#note(undefined);
        return;
      } catch (error) {
        this.#note(errorText(error));
        await pause(this.#parts.clock, RETRY_MS, signal);
      }
    }
  }

  #note(trouble: string | undefined): void {
    this.#trouble = trouble;
    this.#parts.onTrouble();
  }
}

function newDraft(begunAt: number): Draft {
  let settle: Draft['settle'] = () => {};
  const kept = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  return { texts: [], begunAt, characters: 0, kept, settle };
}

function hasRoom({ texts, characters }: Draft, more: number): boolean {
  return texts.length < FRAME_MESSAGES_MAX && (characters + more) * CHARACTER_BYTES_MAX <= FRAME_BYTES_MAX;
}
