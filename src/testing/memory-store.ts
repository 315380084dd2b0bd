import type { Appender, Broker, CellEntry, LogEnds, LogFrame, LogReader } from '../cluster/broker.ts';
import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { MemoryLink } from './memory-link.ts';

const READ_WAIT_MS = 1_000;
const LOG = 'memory';

/** The frames of one partition of a broker in memory. */
export class MemoryLog {
  readonly #framesMax: number;
  readonly #ids = new Set<string>();
  readonly #changes: NextChange;
  #frames: LogFrame[] = [];
  #last = 0;
  /** Appends that were ever made: what tells two frames of one position apart. */
  #appends = 0;

  constructor(clock: Clock, framesMax: number) {
    this.#changes = new NextChange(clock);
    this.#framesMax = framesMax;
  }

  append(bytes: Uint8Array, id?: string): number {
    if (id !== undefined && this.#ids.has(id)) return this.#last;
    if (this.#frames.length >= this.#framesMax)
      throw new SluiceError('store-full', `the partition has ${this.#framesMax} frames`);
    if (id !== undefined) this.#ids.add(id);
    this.#last += 1;
    this.#appends += 1;
    this.#frames.push({ position: this.#last, bytes, mark: { log: LOG, frame: String(this.#appends) } });
    this.#changes.notify();
    return this.#last;
  }

  removeBelow(position: number): void {
    this.#frames = this.#frames.filter((frame) => frame.position >= position);
  }

  goBack(position: number): void {
    this.#frames = this.#frames.filter((frame) => frame.position <= position);
    this.#last = position;
  }

  ends(position: number): LogEnds {
    const frame = this.#frames.find((each) => each.position === position)?.mark.frame;
    return { first: this.#frames[0]?.position ?? this.#last + 1, last: this.#last, log: LOG, frame };
  }

  open(after: number, link: MemoryLink): LogReader {
    let isClosed = false;
    let next = after + 1;
    const take = (count: number, bytesMax: number): readonly LogFrame[] => {
      let bytes = 0;
      const taken: LogFrame[] = [];
      for (const frame of this.#frames) {
        if (frame.position < next) continue;
        bytes += frame.bytes.length;
        if (taken.length >= count || (taken.length > 0 && bytes > bytesMax)) break;
        taken.push(frame);
      }
      return taken;
    };
    return {
      read: async (count, bytes) => {
        if (take(1, 1).length === 0 && !isClosed) await this.#changes.wait(READ_WAIT_MS);
        const frames = await link.read(() => take(count, bytes));
        next = (frames.at(-1)?.position ?? next - 1) + 1;
        return frames;
      },
      close: () => {
        isClosed = true;
        this.#changes.notify();
      },
    };
  }
}

/** What a broker in memory keeps. */
export interface MemoryStore {
  readonly cells: Map<string, CellEntry>;
  readonly logs: readonly MemoryLog[];
  logOf(partition?: number): MemoryLog;
}

export function createMemoryStore(clock: Clock, partitions: number, framesMax = Number.POSITIVE_INFINITY): MemoryStore {
  const logs = Array.from({ length: partitions }, () => new MemoryLog(clock, framesMax));
  return {
    cells: new Map(),
    logs,
    logOf(partition = 0) {
      const log = logs[partition];
      if (log !== undefined) return log;
      throw invalidOption(`there are partitions 0 to ${partitions - 1}, got ${partition}`);
    },
  };
}

/** The broker as one member reaches it. */
export function reachStore(
  { cells, logs, logOf }: MemoryStore,
  link: MemoryLink,
): Broker & { readonly appender: Appender } {
  return {
    partitions: logs.length,
    prepare: () => link.read(() => {}),
    cells: {
      read: (key) => link.read(() => cells.get(key)),
      write: (key, value, revision) =>
        link.write(() => {
          if ((cells.get(key)?.revision ?? 0) !== revision) return 'stale';
          cells.set(key, { value, revision: revision + 1 });
          return revision + 1;
        }),
    },
    log: {
      last: (partition) => link.read(() => logOf(partition).ends(0).last),
      ends: (partition, position) => link.read(() => logOf(partition).ends(position)),
      open: (partition, after) => logOf(partition).open(after, link),
      trim: (partition, position) => link.write(() => logOf(partition).removeBelow(position)),
    },
    appender: {
      append: (partition, frame, id) => link.write(() => void logOf(partition).append(frame, id)),
    },
  };
}
