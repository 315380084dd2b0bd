import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readCheckpoint } from './checkpoint.ts';
import { checkJournal, type JournalView, viewJournal } from './environment.ts';
import { type FrameHeader, headerOf } from './frame.ts';
import { countLetters } from './letters.ts';
import { readOwner } from './ownership.ts';

/** What is in a journal. Each text of a feed counts as one message. */
export interface JournalInfo {
  readonly directory: string;
  /** The size of the file, which never shrinks by itself: pages of settled frames are used again. */
  readonly fileBytes: number;
  /** Every frame on disk, settled ones that still stay included. */
  readonly frames: FrameCount;
  readonly unsettled: FrameCount;
  /** How many messages were ever written, those that are gone included. */
  readonly written: number;
  /** Everything up to this position is settled. */
  readonly position: number;
  /** Of the newest frame that was ever written. */
  readonly lastPosition: number;
  /** How many readers died since the position last moved. */
  readonly takeovers: number;
  readonly letters: number;
  /** Null: nobody has it. */
  readonly owner: { readonly pid: number; readonly host: string; readonly since: number } | null;
}

/** How much some frames are. */
export interface FrameCount {
  readonly frames: number;
  readonly messages: number;
  readonly bytes: number;
  /** Milliseconds since 1970; undefined: there are none. */
  readonly oldestAt: number | undefined;
}

/** What is in the journal in this directory, also while another process has it. */
export async function readJournalInfo(directory: string): Promise<JournalInfo> {
  await checkJournal(directory);
  return viewJournal(directory, journalInfo);
}

export function journalInfo({ directory, state, frames, letters }: JournalView): JournalInfo {
  const { size } = statSync(join(directory, 'data.mdb'));
  const checkpoint = readCheckpoint(state);
  const settled = { position: checkpoint.position, bytesTotal: checkpoint.bytes, countTotal: checkpoint.count };
  const newest = edgeOf(frames, true) ?? { ...settled, at: 0, count: 0, size: 0 };
  const oldest = edgeOf(frames, false);
  const before = oldest && {
    position: oldest.position - 1,
    bytesTotal: oldest.bytesTotal - oldest.size,
    countTotal: oldest.countTotal - oldest.count,
  };
  const owner = readOwner(state);
  return {
    directory,
    fileBytes: size,
    frames: between(before ?? newest, newest, oldest?.at),
    unsettled: between(settled, newest, headerOf(frames.get(settled.position + 1))?.at),
    written: newest.countTotal,
    position: checkpoint.position,
    lastPosition: Math.max(newest.position, checkpoint.position),
    takeovers: checkpoint.takeovers,
    letters: countLetters({ letters }),
    owner: owner?.holder ? { pid: owner.holder.pid, host: owner.holder.host, since: owner.since } : null,
  };
}

type Edge = Omit<FrameHeader, 'count' | 'at'> & { readonly position: number };

function edgeOf(frames: JournalView['frames'], reverse: boolean): (Edge & FrameHeader & { size: number }) | undefined {
  const [entry] = [...frames.getRange({ reverse, limit: 1 })];
  const header = headerOf(entry?.value);
  return entry && header && { ...header, position: entry.key, size: entry.value.length };
}

function between(from: Edge, to: Edge, oldestAt: number | undefined): FrameCount {
  return {
    frames: Math.max(0, to.position - from.position),
    messages: Math.max(0, to.countTotal - from.countTotal),
    bytes: Math.max(0, to.bytesTotal - from.bytesTotal),
    oldestAt,
  };
}
