import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import { Draft } from './draft.ts';
import { checkDisk } from './environment.ts';
import { type FrameKind, headerOf, JournalFrame, sealFrame } from './frame.ts';
import type { OwnedStore } from './owned-store.ts';

const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/** How much may be in the journal. */
export interface Bounds {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly full: 'wait' | 'reject';
}

/** Puts messages into frames and frames on disk: one group after the other, so that a failed one leaves no hole. */
export class Writer {
  readonly #store: OwnedStore;
  readonly #checkpoint: Checkpoint;
  readonly #clock: Clock;
  readonly #bounds: Bounds;
  readonly #onKept: (frame: JournalFrame) => void;
  /** The position of the last frame on disk, and what all frames until then had. */
  last: number;
  #bytesTotal: number;
  #countTotal: number;
  #draft: Draft | undefined;
  #closed: Draft[] = [];
  /** Of the draft and of closed ones. */
  #waitingBytes = 0;
  /** The end of this turn of the event loop, when nothing is being written. */
  #turn: unknown;
  #group: Promise<void> | undefined;

  constructor(
    store: OwnedStore,
    checkpoint: Checkpoint,
    clock: Clock,
    bounds: Bounds,
    onKept: (frame: JournalFrame) => void,
  ) {
    this.#store = store;
    this.#checkpoint = checkpoint;
    this.#clock = clock;
    this.#bounds = bounds;
    this.#onKept = onKept;
    const [newest] = [...store.environment.frames.getRange({ reverse: true, limit: 1 })];
    const { position, bytes, count } = checkpoint.record;
    const { bytesTotal, countTotal } = headerOf(newest?.value) ?? { bytesTotal: bytes, countTotal: count };
    this.last = Math.max(newest?.key ?? 0, position);
    this.#bytesTotal = bytesTotal;
    this.#countTotal = countTotal;
    store.ended.addEventListener('abort', () => this.#giveUp());
  }

  /** What is on disk and not settled. */
  get bytes(): number {
    return this.#bytesTotal - this.#checkpoint.record.bytes;
  }

  /** Resolves when all are on disk. `messages` are what the texts say. */
  write(kind: FrameKind, texts: readonly string[], messages: readonly unknown[]): Promise<void> {
    this.#store.check();
    if (texts.length === 0) return Promise.resolve();
    this.#checkRoom(texts);
    let draft = this.#draft;
    for (let index = 0; index < texts.length; index++) {
      const text = texts[index] ?? '';
      if (draft === undefined || !draft.hasRoom(kind, text)) {
        // Later frames end after this one, and as it does.
        if (draft !== undefined && index > 0) draft.kept.catch(() => {});
        draft = this.#begin(kind);
      }
      draft.add(text, messages[index]);
      this.#waitingBytes += text.length;
    }
    return draft?.kept ?? Promise.resolve();
  }

  /** Writes what waits if there may be room for it; called again when something was settled. */
  advance(): void {
    if (this.#group !== undefined || !this.#hasRoomForNext()) return;
    this.#closeDraft();
    if (this.#closed.length === 0 || !this.#hasRoomForNext()) return;
    this.#group = this.#writeGroup(this.#takeGroup()).finally(() => {
      this.#group = undefined;
      this.#schedule();
    });
  }

  /** Resolves when nothing waits that has room. */
  async flush(): Promise<void> {
    for (this.advance(); this.#group !== undefined; this.advance()) await this.#group;
  }

  /** A frame takes what comes in one turn of the event loop, or while the disk is busy with those before it. */
  #begin(kind: FrameKind): Draft {
    this.#closeDraft();
    this.#draft = new Draft(kind);
    this.#schedule();
    return this.#draft;
  }

  /** At the end of the turn, so that all who write in it, and all who waited for the last group, share the next one. */
  #schedule(): void {
    if (this.#group !== undefined) return;
    this.#turn ??= this.#clock.setImmediate(() => {
      this.#turn = undefined;
      this.advance();
    });
  }

  #closeDraft(): void {
    if (this.#draft === undefined) return;
    this.#waitingBytes += this.#draft.close();
    this.#closed.push(this.#draft);
    this.#draft = undefined;
  }

  async #writeGroup(group: readonly Draft[]): Promise<void> {
    const at = this.#clock.wallTime();
    const before = this.#bytesTotal;
    let position = this.last;
    const frames = group.map(({ bytes, kind, messages }) => {
      this.#bytesTotal += bytes.length;
      this.#countTotal += headerOf(bytes)?.count ?? 0;
      sealFrame(bytes, { at, bytesTotal: this.#bytesTotal, countTotal: this.#countTotal });
      position += 1;
      return new JournalFrame(position, bytes, kind === 'messages' ? messages : undefined);
    });
    const { directory, frames: kept } = this.#store.environment;
    try {
      await this.#store.write(
        () => frames.forEach((frame) => void kept.put(frame.position, frame.bytes)),
        () => checkDisk(directory, this.bytes, this.#bytesTotal - before),
      );
      this.last = position;
      for (const frame of frames) this.#onKept(frame);
      for (const draft of group) draft.settle();
    } catch (error) {
      for (const draft of group) draft.settle(error);
    }
  }

  #takeGroup(): readonly Draft[] {
    let bytes = 0;
    let count = 0;
    for (const draft of this.#closed) {
      const more = bytes + draft.bytes.length;
      if (more > GROUP_BYTES_MAX || this.#isFull(more)) break;
      bytes = more;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#closed.splice(0, count);
  }

  /** For the next frame that is closed, or there is none. */
  #hasRoomForNext(): boolean {
    const [next] = this.#closed;
    return next === undefined || !this.#isFull(next.bytes.length);
  }

  #isFull(more: number): boolean {
    if (this.bytes + more > this.#bounds.maxBytes) return true;
    const oldestAt = this.#bounds.maxAgeMs === Number.POSITIVE_INFINITY ? undefined : this.#checkpoint.oldestAt();
    return oldestAt !== undefined && this.#clock.wallTime() - oldestAt > this.#bounds.maxAgeMs;
  }

  #checkRoom(texts: readonly string[]): void {
    if (this.#bounds.full === 'wait') return;
    const more = texts.reduce((sum, { length }) => sum + length, this.#waitingBytes);
    if (!this.#isFull(more)) return;
    const { maxBytes, maxAgeMs } = this.#bounds;
    const said = `${this.bytes + this.#waitingBytes} bytes are not settled (maxBytes ${maxBytes}, maxAgeMs ${maxAgeMs})`;
    throw new SluiceError('store-full', `the journal ${this.#store.environment.directory} is full: ${said}`);
  }

  #giveUp(): void {
    this.#closeDraft();
    const error = this.#store.ended.reason;
    for (const draft of this.#closed.splice(0)) draft.settle(error);
    this.#waitingBytes = 0;
  }
}
