import type { Clock } from '../core/clock.ts';
import type { MessagePlace } from '../core/source-port.ts';
import type { JournalView } from './environment.ts';
import { headerOf } from './frame.ts';
import type { OwnedStore } from './owned-store.ts';

/** What a journal remembers of its reader. */
interface CheckpointRecord {
  /** Everything up to this frame is settled; 0: nothing is. */
  readonly position: number;
  /** Bytes and messages of all frames up to there. */
  readonly bytes: number;
  readonly count: number;
  /** Grows with each stay. */
  readonly fence: number;
  /** A stay began and did not release. */
  readonly isOpen: boolean;
  readonly takeovers: number;
  readonly marked: MessagePlace | null;
}

const KEY = 'checkpoint';
/** At most so many frames go with one commit, so that none takes long. */
const TRIM_MAX = 2_000;

/** How far the frames are settled. Frames below go with the next commits. */
export class Checkpoint {
  readonly #store: OwnedStore;
  readonly #clock: Clock;
  /** Settled frames stay so long, to be replayed. */
  readonly #keepMs: number;
  /** What is being written, or is on disk already. */
  record: CheckpointRecord;
  #written: Promise<void> = Promise.resolve();
  /** The position of the first frame there may be. */
  #first: number;
  #oldest: { readonly position: number; readonly at: number | undefined } | undefined;

  constructor(store: OwnedStore, clock: Clock, keepMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.record = readCheckpoint(store.environment.state);
    this.#first = [...store.environment.frames.getKeys({ limit: 1 })][0] ?? this.record.position + 1;
  }

  /** When the first frame that is not settled was written. */
  oldestAt(): number | undefined {
    const position = this.record.position + 1;
    if (this.#oldest?.position !== position || this.#oldest.at === undefined)
      this.#oldest = { position, at: headerOf(this.#store.environment.frames.get(position))?.at };
    return this.#oldest.at;
  }

  /** A stay begins; one that never ended was ended by a death. */
  begin(): Promise<void> {
    const { fence, takeovers, isOpen } = this.record;
    return this.#write({ fence: fence + 1, isOpen: true, takeovers: takeovers + (isOpen ? 1 : 0) });
  }

  mark(place: MessagePlace): Promise<void> {
    return this.#write({ marked: place });
  }

  /** Moves forward only; resolves when it is on disk, also for what an earlier call is still writing. */
  commit(position: number): Promise<void> {
    return position > this.record.position ? this.#write(this.#moved(position)) : this.#written;
  }

  release(position = 0): Promise<void> {
    return this.#write({
      ...(position > this.record.position ? this.#moved(position) : {}),
      isOpen: false,
      marked: null,
    });
  }

  #moved(position: number): Partial<CheckpointRecord> {
    const { frames } = this.#store.environment;
    const [last] = [...frames.getRange({ start: position, reverse: true, limit: 1 })];
    const { bytesTotal: bytes, countTotal: count } = headerOf(last?.value) ?? {
      bytesTotal: this.record.bytes,
      countTotal: this.record.count,
    };
    return { position, bytes, count, takeovers: 0, marked: null };
  }

  /** What is written later builds on what is being written. A write that fails ends the store, so nothing is taken back. */
  #write(change: Partial<CheckpointRecord>): Promise<void> {
    this.record = { ...this.record, ...change };
    const record = this.record;
    const from = this.#first;
    this.#first = this.#trimEnd();
    this.#written = this.#store.write(() => {
      const { state, frames } = this.#store.environment;
      void state.put(KEY, record, 0);
      for (let position = from; position < this.#first; position++) void frames.remove(position);
    });
    return this.#written;
  }

  /** The first position that stays: all that is not settled, and what is not old enough. */
  #trimEnd(): number {
    let end = Math.min(this.record.position + 1, this.#first + TRIM_MAX);
    if (this.#keepMs === 0) return end;
    let start = this.#first;
    // Frames are written in the order of time, so those to be kept are the last ones.
    while (start < end) {
      const middle = (start + end) >>> 1;
      if (this.#isYoung(middle)) end = middle;
      else start = middle + 1;
    }
    return end;
  }

  #isYoung(position: number): boolean {
    const at = headerOf(this.#store.environment.frames.get(position))?.at;
    return at !== undefined && this.#clock.wallTime() - at < this.#keepMs;
  }
}

/** As it is on disk. */
export function readCheckpoint(state: JournalView['state']): CheckpointRecord {
  // Only `Checkpoint` writes under this key.
  const record = state.get(KEY) as CheckpointRecord | undefined;
  return record ?? { position: 0, bytes: 0, count: 0, fence: 0, isOpen: false, takeovers: 0, marked: null };
}
