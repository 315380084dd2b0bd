import type { Appender, Broker, CellEntry, LogEnds, LogFrame, LogReader } from '../cluster/broker.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { encodeFrame } from '../cluster/frame.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { createRandom } from '../core/random.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import { type BrokerFaults, MemoryLink } from './memory-link.ts';

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
interface MemoryStore {
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

/** How a broker in memory is made. */
export interface MemoryBrokerOptions {
  readonly clock: Clock;
  /** 1 by default. */
  readonly partitions?: number;
  /** Of the faults and of the names of members; 1 by default. */
  readonly seed?: number;
  readonly faults?: BrokerFaults;
  /** An append beyond so many frames of a partition rejects with `store-full`; no limit by default. */
  readonly framesMax?: number;
}

/** A broker in memory for tests: what it keeps is shared by all who join it. */
export interface MemoryBroker {
  /** A source of one more member. Give it a clock of its own to stop that member alone. */
  join(options?: ClusterOptions, clock?: Clock): ClusterMember;
  /** Adds one frame and returns its position. */
  append(messages: readonly unknown[], partition?: number): number;
  /** Adds bytes as they are. */
  appendBytes(bytes: Uint8Array, partition?: number): number;
  /** Removes the frames up to this position, as retention does. */
  remove(position: number, partition?: number): void;
  /** The partition loses all frames above this position, as after a power failure. */
  goBack(position: number, partition?: number): void;
  /** From now on; until then those of the options. */
  setFaults(faults: BrokerFaults): void;
}

/** One member of a broker in memory. */
export interface ClusterMember {
  readonly source: ClusterSource;
  /** True: nothing of this member reaches the broker. */
  cut(isCut: boolean): void;
}

/** Creates a broker whose members share its partitions by the same leases as on a real one. */
export function memoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  checkOptions('memoryBroker', options, { clock: true, partitions: true, seed: true, faults: true, framesMax: true });
  const { clock, partitions = 1, seed = 1 } = options;
  const store = createMemoryStore(clock, partitions, options.framesMax);
  const random = createRandom(seed);
  let { faults = {} } = options;

  return {
    join(member = {}, memberClock = clock) {
      const link = new MemoryLink(clock, random, () => faults);
      const broker = reachStore(store, link);
      const source = new ClusterSource({ name: 'memory', broker, clock: memberClock, random }, member);
      return { source, cut: (isCut) => link.cut(isCut) };
    },
    append: (messages, partition) =>
      store.logOf(partition).append(
        encodeFrame(
          messages.map((message) => JSON.stringify(message)),
          partitions,
        ),
      ),
    appendBytes: (bytes, partition) => store.logOf(partition).append(bytes),
    remove: (position, partition) => store.logOf(partition).removeBelow(position + 1),
    goBack: (position, partition) => store.logOf(partition).goBack(position),
    setFaults(changed) {
      faults = changed;
    },
  };
}
