import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Assigned, CommitOutcome, Frame, MessagePlace, ReadRoom } from '../core/source-port.ts';
import type { LogFrame, LogReader, Mark, PartitionLog } from './broker.ts';
import type { PartitionCell } from './cell-watch.ts';
import { decodeFrame, partitioningMistake } from './frame.ts';
import type { CellChange, Lease } from './lease.ts';
import { pause, within } from './patience.ts';
import { type Place, signOfGoingBack } from './positions.ts';

const READ_WAIT_MS = 1_000;
/** A reader that has not come back for so long will not: its client waits on a connection that is half-open. */
const READ_STUCK_MS = 10_000;
/** After a reader failed, before the log is opened again. */
const REOPEN_MS = 200;

/** What a stay reads and writes. */
export interface StayParts {
  readonly partition: number;
  readonly partitions: number;
  readonly log: PartitionLog;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly answerMs: number;
  /** Undefined: it was read; or why it could not be. */
  readonly onRead: (error: unknown) => void;
  /** The owner gave the partition back. */
  readonly onReleased: () => void;
  /** The log is not the one that was read, or is of another partitioning; says why. */
  readonly onWentBack: (why: string) => void;
}

/** One partition from `assigned` to its release or loss. */
export class Stay implements Assigned {
  readonly partition: number;
  readonly fence: number;
  readonly takeovers: number;
  readonly marked: MessagePlace | undefined;
  readonly #parts: StayParts;
  readonly #lost = new AbortController();
  readonly lost: AbortSignal = this.#lost.signal;
  #reader: LogReader | undefined;
  #read: Place;
  /** Read by us and not yet by the owner, because the lease was in doubt. */
  #held: ClusterFrame[] = [];
  /** What a commit writes beside its position, of frames that were read and not committed. */
  #marks: { readonly position: number; readonly mark: Mark }[] = [];
  #committed: number;
  #isReading = false;
  #isFilling = false;
  #isReleased = false;
  readonly #changes: NextChange;

  constructor(parts: StayParts, cell: PartitionCell) {
    this.#parts = parts;
    this.#changes = new NextChange(parts.clock);
    this.partition = parts.partition;
    this.fence = cell.epoch;
    this.takeovers = cell.takeovers;
    this.marked = cell.marked ?? undefined;
    this.#read = { position: cell.position, mark: cell.mark };
    this.#committed = cell.position;
  }

  get isOver(): boolean {
    return this.#isReleased || this.lost.aborted;
  }

  /** The lease was confirmed. */
  wake(): void {
    this.#changes.notify();
  }

  /** Nothing is read or written any more; says why if it was lost. */
  end(why?: string): void {
    this.#reader?.close();
    this.#reader = undefined;
    if (!this.#isReleased) this.#lost.abort(why);
    this.#changes.notify();
  }

  async read(room: ReadRoom, signal: AbortSignal): Promise<readonly Frame[]> {
    if (this.#isReading) throw new SluiceError('refused', 'a read of the partition is under way: await it first');
    this.#isReading = true;
    try {
      if (!signal.aborted && !this.isOver && !this.#mayTake) await this.#wait(room, signal);
      return signal.aborted || this.isOver || !this.#mayTake ? [] : this.#take(room);
    } finally {
      this.#isReading = false;
    }
  }

  async commit(position: number, withinMs: number): Promise<CommitOutcome> {
    if (this.isOver) return 'lost';
    return this.#parts.lease.write(this.#moved(position), withinMs);
  }

  async mark(marked: MessagePlace, withinMs: number): Promise<CommitOutcome> {
    return this.isOver ? 'lost' : this.#parts.lease.write({ marked }, withinMs);
  }

  async release(position: number | undefined, withinMs: number): Promise<CommitOutcome> {
    if (this.isOver) return 'lost';
    const moved = position === undefined ? {} : this.#moved(position);
    const released = this.#parts.lease.write({ ...moved, marked: null, owner: null }, withinMs);
    this.#isReleased = true;
    this.end();
    const outcome = await released;
    this.#parts.onReleased();
    return outcome;
  }

  #moved(position: number): CellChange {
    if (!Number.isInteger(position) || position > this.#read.position)
      throw new SluiceError(
        'refused',
        `position ${position} was not read: the last one read is ${this.#read.position}`,
      );
    const above = this.#marks.findIndex((each) => each.position > position);
    const passed = this.#marks.splice(0, above === -1 ? this.#marks.length : above);
    const mark = passed.at(-1)?.mark;
    if (position <= this.#committed || mark === undefined) return {};
    this.#committed = position;
    return { position, mark, takeovers: 0, marked: null };
  }

  #take({ frames, bytes }: ReadRoom): readonly Frame[] {
    let count = 0;
    let size = 0;
    for (const frame of this.#held) {
      size += frame.bytes.length;
      if (count >= frames || (count > 0 && size > bytes)) break;
      count += 1;
    }
    return this.#held.splice(0, count);
  }

  /** What was read while the lease was in doubt stays here until it is confirmed. */
  get #mayTake(): boolean {
    return this.#held.length > 0 && this.#parts.lease.isValid;
  }

  /** Until frames may be taken, for a second at most; what the broker is asked goes on without the owner. */
  async #wait(room: ReadRoom, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const until = clock.now() + READ_WAIT_MS;
    while (!signal.aborted && !this.isOver && !this.#mayTake && clock.now() < until) {
      // A reader comes back with nothing when its request has ended, and frames may come the next moment.
      this.#fill(room);
      await this.#changes.wait(until - clock.now(), signal);
    }
  }

  #fill(room: ReadRoom): void {
    if (this.#isFilling || this.#held.length > 0) return;
    this.#isFilling = true;
    void this.#ask(room).then(() => {
      this.#isFilling = false;
      this.#changes.notify();
    });
  }

  async #ask({ frames, bytes }: ReadRoom): Promise<void> {
    const { log, partition, clock, onRead } = this.#parts;
    try {
      if (this.#reader === undefined) {
        if (!(await this.#isSameLog()) || this.isOver) return;
        this.#reader = log.open(partition, this.#read.position);
      }
      const reading = this.#reader.read(frames, bytes);
      for (const frame of await within(clock, READ_STUCK_MS, reading)) this.#keep(frame);
      onRead(undefined);
    } catch (error) {
      onRead(error);
      this.#reader?.close();
      this.#reader = undefined;
      await pause(clock, REOPEN_MS, this.lost);
    }
  }

  /** Asked again after every failure of a reader: a broker that was restarted may have lost its end. */
  async #isSameLog(): Promise<boolean> {
    const { log, partition, clock, answerMs, onWentBack } = this.#parts;
    const sign = signOfGoingBack(this.#read, await within(clock, answerMs, log.ends(partition, this.#read.position)));
    if (sign !== undefined && !this.isOver) onWentBack(sign);
    return sign === undefined;
  }

  #keep({ position, bytes, mark, isForeign = false }: LogFrame): void {
    if (position <= this.#read.position || this.isOver) return;
    const mistake = partitioningMistake(bytes, this.#parts.partitions);
    if (mistake !== undefined) {
      this.#parts.onWentBack(`position ${position}: ${mistake}`);
      return;
    }
    this.#held.push(new ClusterFrame(position, bytes, isForeign ? position : this.#read.position + 1));
    this.#marks.push({ position, mark });
    this.#read = { position, mark };
  }
}

class ClusterFrame implements Frame {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly gap?: { readonly from: number; readonly to: number };

  constructor(position: number, bytes: Uint8Array, expected: number) {
    this.position = position;
    this.bytes = bytes;
    if (position > expected) this.gap = { from: expected, to: position - 1 };
  }

  messages(): readonly unknown[] {
    return decodeFrame(this.bytes);
  }
}
