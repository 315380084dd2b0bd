import type { Appender, Broker, CellEntry } from '../cluster/broker.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { MemoryLink } from './memory-link.ts';
import { MemoryLog } from './memory-log.ts';

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
