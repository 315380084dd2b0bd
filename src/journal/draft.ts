import { FRAME_BYTES_MAX, FRAME_MESSAGES_MAX } from './encode-message.ts';
import { encodeFrame, type FrameKind } from './frame.ts';

const NO_BYTES = Buffer.alloc(0);

/** A frame while messages are added to it. */
export class Draft {
  readonly kind: FrameKind;
  /** Settles when the frame is on disk or never will be. */
  readonly kept: Promise<void>;
  readonly messages: unknown[] = [];
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #texts: string[] = [];
  /** The frame; empty until the draft is closed. */
  bytes: Buffer = NO_BYTES;
  #size = 0;

  constructor(kind: FrameKind) {
    this.kind = kind;
    this.kept = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  hasRoom(kind: FrameKind, text: string): boolean {
    return kind === this.kind && this.#texts.length < FRAME_MESSAGES_MAX && this.#size + text.length < FRAME_BYTES_MAX;
  }

  /** The message as it was written is kept for a reader that keeps up. */
  add(text: string, message: unknown): void {
    this.#texts.push(text);
    this.#size += text.length;
    if (this.kind === 'messages') this.messages.push(message);
  }

  /** Encodes the frame, lets go of the texts, and says by how much the frame is larger than they are. */
  close(): number {
    this.bytes = encodeFrame(this.kind, this.#texts);
    this.#texts = [];
    return this.bytes.length - this.#size;
  }

  settle(error?: unknown): void {
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }
}
