/**
 * What a broker must give so that several members share its partitions: registers, a log for each partition, and a way
 * to append. Everything else (members, leases, fences, checkpoints) is written once above it.
 */
export interface Broker {
  readonly partitions: number;
  /** Creates what is missing and checks what is there. Rejects with every mistake at once. */
  prepare(): Promise<void>;
  /** Why it does not answer, as far as its client knows; `refused`: it will not until somebody does something. */
  away?(): Error | undefined;
  /** What is wrong by now with settings that `prepare` has checked. */
  mistakes?(): Promise<readonly string[]>;
  readonly cells: Cells;
  readonly log: PartitionLog;
}

/** Registers that know compare-and-set and nothing else: nothing is deleted, nothing expires. Values are JSON. */
export interface Cells {
  /** What every member agrees on, never from a replica that may be behind; undefined: it was never written. */
  read(key: string): Promise<CellEntry | undefined>;
  /**
   * The new revision, or `stale` when the cell no longer has the given one; 0: it must not exist. Rejects when the
   * outcome is unknown: the value may have been written, or may still be.
   */
  write(key: string, value: unknown, revision: number): Promise<number | 'stale'>;
}

export interface CellEntry {
  /** Undefined: another program removed it. */
  readonly value: unknown;
  readonly revision: number;
}

/** The frames of all partitions. Positions count from 1 without holes; what is missing was removed. */
export interface PartitionLog {
  ends(partition: number, position: number): Promise<LogEnds>;
  /** The position of the last frame that was ever appended; 0: none was. */
  last(partition: number): Promise<number>;
  /** Reads what comes after the position. Costs nothing: the broker is asked at the first read. */
  open(partition: number, after: number): LogReader;
  /** Everything below the position may go. The frame at the position stays: it proves that the log did not go back. */
  trim(partition: number, position: number): Promise<void>;
}

/** What a log has, and what is at one position of it. */
export interface LogEnds {
  /** The position of the first frame, or that of the next one if there is none. */
  readonly first: number;
  /** The position of the last frame that was ever appended; 0: none was. */
  readonly last: number;
  /** The log itself: another one of the same name has another. */
  readonly log: string;
  /** The frame at the position that was asked for; undefined: it is not there any more. */
  readonly frame: string | undefined;
}

/** What a checkpoint keeps beside its position, so that a log that went back is known. */
export interface Mark {
  readonly log: string;
  readonly frame: string;
}

export interface LogReader {
  /**
   * The next frames in order, at most `frames` of them and about `bytes`, as soon as one is there; none when the wait is
   * long, or after `close`. Rejects when this reader is of no use any more, and the log has to be opened again.
   */
  read(frames: number, bytes: number): Promise<readonly LogFrame[]>;
  close(): void;
}

export interface LogFrame {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly mark: Mark;
  /** Another program wrote it, under a number of its own: those between it and the frame before it never were. */
  readonly isForeign?: boolean;
}

export interface Appender {
  /**
   * Appends the frame once for each id, however often it is called within the broker's memory of ids. Rejects with
   * `SluiceError` `store-full` when there is no room, and with anything else when the outcome is unknown.
   */
  append(partition: number, frame: Uint8Array, id: string): Promise<void>;
}
