import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Assigned, CommitOutcome, Frame, MessagePlace, ReadRoom } from '../core/source-port.ts';
import type { Trouble } from './trouble.ts';

const READ_WAIT_MS = 1_000;

/** One partition of a memory source: its frames, and what a broker would remember of its owner. */
export class MemoryPartition {
  /** The outcome of every write, instead of writing. */
  failedOutcome: CommitOutcome | undefined;
  /** What every read rejects with. */
  readError: unknown;
  readonly #number: number;
  readonly #clock: Clock;
  readonly #trouble: Trouble;
  #frames: Frame[] = [];
  #last = 0;
  committed = 0;
  #fence = 0;
  #takeovers = 0;
  #marked: MessagePlace | undefined;
  stay: MemoryStay | undefined;
  #wasLeft = false;

  constructor(number: number, clock: Clock, trouble: Trouble) {
    this.#number = number;
    this.#clock = clock;
    this.#trouble = trouble;
  }

  append(content: readonly unknown[] | Uint8Array): number {
    this.#last += 1;
    this.#frames.push(frameOf(this.#last, content));
    this.stay?.wake();
    return this.#last;
  }

  remove(count: number): number {
    const next = this.stay?.next ?? this.committed + 1;
    const unread = this.#frames.filter(({ position }) => position >= next).slice(0, count);
    this.#frames = this.#frames.filter((frame) => !unread.includes(frame));
    return unread.length;
  }

  /** A stay that was left without a release counts as a death. */
  begin(): Assigned {
    this.lose();
    if (this.#wasLeft) this.#takeovers += 1;
    this.#wasLeft = false;
    this.#fence += 1;
    const [partition, fence, takeovers, marked] = [this.#number, this.#fence, this.#takeovers, this.#marked];
    const began = { partition, fence, takeovers, marked, next: this.committed + 1 };
    this.stay = memoryStay(this, new NextChange(this.#clock), this.#trouble, began);
    return this.stay;
  }

  lose(): void {
    const stay = this.stay;
    this.forget();
    stay?.end();
  }

  giveBack(): void {
    const stay = this.stay;
    this.stay = undefined;
    stay?.end();
    this.#marked = undefined;
  }

  /** Nobody is told. */
  forget(): void {
    if (this.stay !== undefined) this.#wasLeft = true;
    this.stay = undefined;
  }

  /** Those from the position on; the first one says what is missing before it. */
  from(position: number, room: ReadRoom): readonly Frame[] {
    const taken: Frame[] = [];
    let bytes = 0;
    let expected = position;
    // From the end, for what was read and is not committed may be much.
    let index = this.#frames.length;
    while (index > 0 && (this.#frames[index - 1]?.position ?? 0) >= position) index -= 1;
    for (; index < this.#frames.length; index += 1) {
      const frame = this.#frames[index];
      if (frame === undefined) break;
      bytes += frame.bytes.length;
      if (taken.length >= room.frames || (taken.length > 0 && bytes > room.bytes)) break;
      const gap = { from: expected, to: frame.position - 1 };
      taken.push(gap.from <= gap.to ? { ...frame, gap } : frame);
      expected = frame.position + 1;
    }
    return taken;
  }

  write(stay: MemoryStay, change: { position?: number; mark?: MessagePlace; release?: true }): CommitOutcome {
    if (this.stay !== stay) return 'lost';
    if (this.failedOutcome !== undefined) return this.failedOutcome;
    const { position = 0, mark, release } = change;
    if (mark !== undefined) this.#marked = mark;
    if (position > this.committed) {
      this.committed = position;
      const left = this.#frames.findIndex((frame) => frame.position > position);
      this.#frames.splice(0, left === -1 ? this.#frames.length : left);
      this.#takeovers = 0;
      this.#marked = undefined;
    }
    if (release) [this.#marked, this.stay] = [undefined, undefined];
    return 'kept';
  }
}

/** Without messages it cannot be decoded. */
function frameOf(position: number, content: readonly unknown[] | Uint8Array): Frame {
  if (!(content instanceof Uint8Array)) {
    const bytes = new TextEncoder().encode(JSON.stringify(content));
    return { position, bytes, messages: () => content };
  }
  return {
    position,
    bytes: content,
    messages() {
      throw new Error('the frame cannot be decoded');
    },
  };
}

/** What a partition tells a stay at its begin. */
type Began = Pick<Assigned, 'partition' | 'fence' | 'takeovers' | 'marked'> & { readonly next: number };

interface MemoryStay extends Assigned {
  /** The position of the next frame to be read. */
  readonly next: number;
  wake(): void;
  end(): void;
}

function memoryStay(
  home: MemoryPartition,
  changes: NextChange,
  trouble: Trouble,
  { next, ...began }: Began,
): MemoryStay {
  const lost = new AbortController();
  let isReading = false;
  const take = (room: ReadRoom): readonly Frame[] => {
    if (home.readError !== undefined) throw home.readError;
    if (home.stay !== stay) return [];
    const frames = home.from(next, room);
    next = (frames.at(-1)?.position ?? next - 1) + 1;
    return frames;
  };
  const read = async (room: ReadRoom, signal: AbortSignal): Promise<readonly Frame[]> => {
    await trouble.pass('the source failed while it was read');
    if (isReading) throw new SluiceError('refused', 'a read of the partition is under way: await it first');
    isReading = true;
    try {
      if (signal.aborted) return [];
      const frames = take(room);
      if (frames.length > 0 || home.stay !== stay) return frames;
      await changes.wait(READ_WAIT_MS, signal);
      return signal.aborted ? [] : take(room);
    } finally {
      isReading = false;
    }
  };
  const stay: MemoryStay = {
    ...began,
    ...{ lost: lost.signal, read, wake: () => changes.notify() },
    get next() {
      return next;
    },
    end() {
      lost.abort();
      changes.notify();
    },
    commit: (position) => trouble.write(() => home.write(stay, { position })),
    mark: (mark) => trouble.write(() => home.write(stay, { mark })),
    release: (position = 0) =>
      trouble.write(() => {
        const outcome = home.write(stay, { release: true, position });
        changes.notify();
        return outcome;
      }),
  };
  return stay;
}
