import { within } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Assigned, CommitOutcome, Frame, MessagePlace, ReadRoom } from '../core/source-port.ts';
import type { Checkpoint } from './checkpoint.ts';
import { framesFrom, type JournalFrame } from './frame.ts';
import type { LiveFrames } from './live-frames.ts';
import type { OwnedStore } from './owned-store.ts';
import type { Writer } from './writer.ts';

/** An empty `read` resolves after so long. */
const READ_WAIT_MS = 1_000;

/** What a stay reads and writes. */
export interface StayParts {
  readonly store: OwnedStore;
  readonly checkpoint: Checkpoint;
  readonly writer: Writer;
  readonly live: LiveFrames;
  readonly clock: Clock;
}

/** One reader of a journal, from `start` of its source to its release. */
export class Stay implements Assigned {
  readonly partition = 0;
  readonly fence: number;
  readonly takeovers: number;
  readonly marked: MessagePlace | undefined;
  readonly #parts: StayParts;
  readonly #lost = new AbortController();
  readonly lost: AbortSignal = this.#lost.signal;
  #next: number;
  #isReleased = false;
  #isReading = false;
  readonly #changes: NextChange;

  constructor(parts: StayParts) {
    const { checkpoint, clock, live, store } = parts;
    this.#parts = parts;
    this.#changes = new NextChange(clock);
    const { fence, takeovers, marked, position } = checkpoint.record;
    this.fence = fence;
    this.takeovers = takeovers;
    this.marked = marked ?? undefined;
    this.#next = position + 1;
    live.turn(true);
    store.ended.addEventListener('abort', () => this.end(failureOf(store.ended.reason)));
  }

  get isOver(): boolean {
    return this.#isReleased || this.lost.aborted;
  }

  wake(): void {
    this.#changes.notify();
  }

  /** Another owner is there, the store failed, or the source was closed. */
  end(failure?: SluiceError): void {
    if (this.lost.aborted) return;
    if (!this.#isReleased) this.#parts.live.turn(false);
    this.#lost.abort(failure);
    this.wake();
  }

  async read(room: ReadRoom, signal: AbortSignal): Promise<readonly Frame[]> {
    if (this.#isReading) throw new SluiceError('refused', 'a read of the journal is under way: await it first');
    this.#isReading = true;
    try {
      this.#parts.store.check();
      if (signal.aborted || this.isOver) return [];
      const frames = this.#take(room);
      if (frames.length > 0) return frames;
      // Until there may be some, the wait is over or nobody wants them any more.
      await this.#changes.wait(READ_WAIT_MS, signal);
      this.#parts.store.check();
      return signal.aborted || this.isOver ? [] : this.#take(room);
    } finally {
      this.#isReading = false;
    }
  }

  commit(position: number, withinMs: number): Promise<CommitOutcome> {
    this.#checkPosition(position);
    return this.#write(() => this.#parts.checkpoint.commit(position), withinMs);
  }

  mark(place: MessagePlace, withinMs: number): Promise<CommitOutcome> {
    return this.#write(() => this.#parts.checkpoint.mark(place), withinMs);
  }

  release(position: number | undefined, withinMs: number): Promise<CommitOutcome> {
    if (position !== undefined) this.#checkPosition(position);
    const released = this.#write(() => this.#parts.checkpoint.release(position), withinMs);
    if (!this.isOver) this.#parts.live.turn(false);
    this.#isReleased = true;
    this.wake();
    return released;
  }

  #take(room: ReadRoom): readonly JournalFrame[] {
    const { live, store, writer } = this.#parts;
    let frames = live.take(this.#next, room);
    if (frames.length === 0 && this.#next <= writer.last)
      frames = framesFrom(store.environment.frames, this.#next, room);
    this.#next = (frames.at(-1)?.position ?? this.#next - 1) + 1;
    return frames;
  }

  #checkPosition(position: number): void {
    if (Number.isInteger(position) && position < this.#next) return;
    throw new SluiceError('refused', `position ${position} was not read: the last one read is ${this.#next - 1}`);
  }

  async #write(write: () => Promise<void>, withinMs: number): Promise<CommitOutcome> {
    if (this.isOver) return 'lost';
    const { clock, store, writer } = this.#parts;
    const written = write().then(
      () => 'kept' as const,
      () => (store.ended.reason?.code === 'owned' ? 'lost' : 'unknown'),
    );
    const outcome = await within(clock, withinMs, written).catch(() => 'unknown' as const);
    writer.advance();
    return outcome;
  }
}

/** Only opening the journal anew helps, so a source is not started again. A journal that its host closed has not failed. */
function failureOf(ended: SluiceError): SluiceError | undefined {
  return ended.code === 'not-running' ? undefined : Object.assign(ended, { retryable: false });
}
