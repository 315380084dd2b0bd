import { onTestFinished } from 'vitest';
import type { Assigned, Frame, ReadRoom, Source } from '../../src/core/source-port.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { type JournalOptions, openJournal } from '../../src/journal/open-journal.ts';
import type { ProcessName, ProcessTable } from '../../src/journal/processes.ts';
import { emptyDirectory } from './empty-directory.ts';

/** A journal in an empty directory; both go when the running test is over. */
export async function openedJournal(options?: JournalOptions) {
  const directory = emptyDirectory();
  return { directory, journal: closedInTheEnd(await openJournal(directory, options)) };
}

export function closedInTheEnd(journal: Journal): Journal {
  onTestFinished(() => journal.close());
  return journal;
}

/** Some process, and what it knows of others by their number; all live, unless told. */
export function inventedProcess(pid: number, alive: Readonly<Record<number, boolean | undefined>> = {}): ProcessTable {
  return {
    self: { host: 'here', pid, birth: 'then' },
    isAlive: (other: ProcessName) => (other.pid in alive ? alive[other.pid] : true),
  };
}

export const room: ReadRoom = { frames: 100, bytes: 1_000_000 };
export const noSignal = new AbortController().signal;

/** Starts the source and returns its only partition. */
export async function assignedOf(source: Source): Promise<Assigned> {
  const partitions: Assigned[] = [];
  await source.start({ assigned: (partition) => partitions.push(partition), revoke: async () => {} });
  const [partition] = partitions;
  if (partition === undefined) throw new Error('no partition was assigned');
  return partition;
}

/** Reads until there are so many messages. */
export async function readMessages(partition: Assigned, count: number): Promise<readonly unknown[]> {
  const messages: unknown[] = [];
  while (messages.length < count) {
    const frames = await partition.read(room, noSignal);
    messages.push(...messagesOf(frames));
    if (frames.length === 0 && partition.lost.aborted) break;
  }
  return messages;
}

export function messagesOf(frames: readonly Frame[]): readonly unknown[] {
  return frames.flatMap((frame) => frame.messages());
}
