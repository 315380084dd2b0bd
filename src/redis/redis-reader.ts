import type { LogFrame, LogReader } from '../cluster/broker.ts';
import { type Ask, type Entry, LOOK_BYTES_MAX, type RedisPoll } from './redis-poll.ts';

const FRAMES_MAX = 256;
/** Who takes so many bytes at once is behind, and gets the next frames while it works on these. */
const AHEAD_BYTES = 64 * 1024;

interface ReaderStart {
  readonly partition: number;
  readonly after: number;
  /** The frame at the position after which it reads; undefined: nobody knows. */
  readonly frame: string | undefined;
  readonly log: string;
}

/** The frames of one stream, each of which must follow the one that was read before it. */
export class RedisReader implements LogReader {
  readonly #poll: RedisPoll;
  readonly #start: ReaderStart;
  readonly #closed = new AbortController();
  #position: number;
  #frame: string | undefined;
  #ahead: Promise<readonly Entry[]> | undefined;

  constructor(poll: RedisPoll, start: ReaderStart) {
    this.#poll = poll;
    this.#start = start;
    this.#position = start.after;
    this.#frame = start.frame;
  }

  async read(frames: number, bytes: number): Promise<readonly LogFrame[]> {
    const reading = this.#ahead ?? this.#ask(frames, bytes);
    this.#ahead = undefined;
    const taken = (await reading).map((entry) => this.#take(entry));
    const sizes = taken.map((frame) => frame.bytes.length);
    const size = sizes.reduce((sum, each) => sum + each, 0);
    if (size >= AHEAD_BYTES && !this.#closed.signal.aborted) {
      this.#ahead = this.#askAhead(
        frames,
        bytes,
        sizes.reduce((a, b) => Math.max(a, b)),
      );
      // The next read rejects with it.
      this.#ahead.catch(() => {});
    }
    return taken;
  }

  #ask(frames: number, bytes: number): Promise<readonly Entry[]> {
    return this.#poll.read(this.#next(frames, bytes), this.#closed.signal);
  }

  /** The next frames are about as large as these; if they are far larger, the answer is late, and another reader begins anew. */
  #askAhead(frames: number, bytes: number, largest: number): Promise<readonly Entry[]> {
    const fitting = Math.floor(Math.min(bytes, LOOK_BYTES_MAX) / largest);
    return this.#poll.readOn(this.#next(Math.min(frames, fitting), bytes), this.#closed.signal);
  }

  #next(frames: number, bytes: number): Ask {
    const count = Math.max(1, Math.min(frames, FRAMES_MAX));
    return { partition: this.#start.partition, after: this.#position, frames: count, bytes };
  }

  close(): void {
    this.#closed.abort();
  }

  #take({ id, frame, after, bytes }: Entry): LogFrame {
    const position = Number.parseInt(id, 10);
    const { log } = this.#start;
    const isNext = position === this.#position + 1;
    // Redis may have lost its end and been filled again: then other frames have the numbers of those that were read.
    if (isNext && this.#frame !== undefined && after !== undefined && after !== '' && after !== this.#frame)
      throw new Error(`position ${position} does not follow the frame that was read before it`);
    this.#position = position;
    this.#frame = frame ?? id;
    return { position, bytes, mark: { log, frame: this.#frame }, isForeign: frame === undefined };
  }
}
