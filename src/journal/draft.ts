import { encodeFrame, type FrameKind } from './frame.ts';

/** A frame holds at most so many messages and bytes; a message that is larger by itself is refused. */
const FRAME_MESSAGES_MAX = 1_000;
export const FRAME_BYTES_MAX = 512 * 1024;

/** A frame while messages are added to it. */
export class Draft {
  readonly kind: FrameKind;
  /** Settles when the frame is on disk or never will be. */
  readonly kept: Promise<void>;
  readonly messages: unknown[] = [];
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #texts: string[] = [];
  #size = 0;

  constructor(kind: FrameKind) {
    this.kind = kind;
    this.kept = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** How long its texts are, which is a little less than its bytes. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#texts.length;
  }

  hasRoom(kind: FrameKind, text: string): boolean {
    return kind === this.kind && this.count < FRAME_MESSAGES_MAX && this.#size + text.length < FRAME_BYTES_MAX;
  }

  /** The message as it was written is kept for a reader that keeps up. */
  add(text: string, message: unknown): void {
    this.#texts.push(text);
    this.#size += text.length;
    if (this.kind === 'messages') this.messages.push(message);
  }

  /** The texts are let go of. */
  encode(): Buffer {
    const bytes = encodeFrame(this.kind, this.#texts);
    this.#texts = [];
    return bytes;
  }

  settle(error?: unknown): void {
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }
}
