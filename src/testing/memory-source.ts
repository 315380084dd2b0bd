import { within } from '../cluster/patience.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { CommitOutcome, Source, SourceOwner } from '../core/source-port.ts';
import { MemoryPartition } from './memory-partition.ts';
import { type Trouble, troubleFrom } from './trouble.ts';

/** A source in memory, which a test fills and troubles. */
export interface MemorySource extends Source {
  /** Adds one frame and returns its position. */
  append(messages: readonly unknown[], partition?: number): number;
  /** Adds a frame that cannot be decoded. */
  appendBytes(bytes: Uint8Array, partition?: number): number;
  /** Removes the first frames that were not read, as retention does; says how many. */
  remove(count: number, partition?: number): number;
  /** Asks the owner to give the partition back, and takes it when the time is over. */
  revoke(partition: number, withinMs: number): Promise<void>;
  /** Takes the partition away at once. */
  lose(partition: number): void;
  /** Gives the partition to the owner again after it was revoked, released or lost. */
  assign(partition: number): void;
  /** As `kill -9` of the process: nobody is told, and a later `start` is that of another process. */
  kill(): void;
  /** From now on every write about a position has this outcome and changes nothing; undefined: writes work. */
  failCommits(outcome: CommitOutcome | undefined): void;
  /** From now on every `read` rejects; undefined: reads work. */
  failReads(error: unknown): void;
  /** Everything up to this position was committed. */
  committed(partition?: number): number;
}

/** How a memory source is made. */
export interface MemorySourceOptions {
  readonly clock: Clock;
  /** 1 by default. */
  readonly partitions?: number;
}

/** Creates a source for tests: ordered, exclusive and fenced, and as durable as the process. */
export function memorySource(options: MemorySourceOptions): MemorySource {
  checkOptions('memorySource', options, { clock: true, partitions: true });
  return sourceWith(troubleFrom({ clock: options.clock }), options);
}

/** A source in memory that answers as late, and fails as often, as the trouble has it. */
export function sourceWith(trouble: Trouble, { clock, partitions: count = 1 }: MemorySourceOptions): MemorySource {
  const partitions = Array.from({ length: count }, (_, number) => new MemoryPartition(number, clock, trouble));
  let owner: SourceOwner | undefined;
  /** What a killed process began does not go on in its successor. */
  let process = 0;

  const partitionOf = (number = 0): MemoryPartition => {
    const partition = partitions[number];
    if (partition !== undefined) return partition;
    throw invalidOption(`there are partitions 0 to ${count - 1}, got ${number}`);
  };
  const assign = (partition: MemoryPartition): void => owner?.assigned(partition.begin());

  return {
    lasts: false,
    async start(to) {
      const own = process;
      await trouble.pass('the source cannot be reached');
      if (own !== process) throw new Error('the process was killed while it started');
      if (owner !== undefined) throw new SluiceError('refused', 'the memory source is started already');
      owner = to;
      for (const partition of partitions) assign(partition);
    },
    async close() {
      const own = process;
      await trouble.delay();
      if (own !== process) return;
      owner = undefined;
      for (const partition of partitions) partition.giveBack();
    },
    append: (messages, partition) => partitionOf(partition).append(messages),
    appendBytes: (bytes, partition) => partitionOf(partition).append(bytes),
    remove: (frames, partition) => partitionOf(partition).remove(frames),
    async revoke(number, withinMs) {
      const partition = partitionOf(number);
      const { stay } = partition;
      if (stay === undefined) return;
      await within(clock, withinMs, Promise.resolve(owner?.revoke(stay, withinMs))).catch(() => {});
      if (partition.stay === stay) partition.lose();
    },
    lose: (partition) => partitionOf(partition).lose(),
    assign: (partition) => assign(partitionOf(partition)),
    kill() {
      process += 1;
      owner = undefined;
      for (const partition of partitions) partition.forget();
    },
    failCommits(outcome) {
      for (const partition of partitions) partition.failedOutcome = outcome;
    },
    failReads(error) {
      for (const partition of partitions) partition.readError = error;
    },
    committed: (partition) => partitionOf(partition).committed,
  };
}
