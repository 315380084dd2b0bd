import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSystemClock } from '../adapters/system-clock.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { Frame } from '../core/source-port.ts';
import { checkJournal, contained, type Environment, openEnvironment, viewJournal } from './environment.ts';
import { framesFrom } from './frame.ts';
import { Journal, type JournalSettings } from './journal.ts';
import { OwnedStore } from './owned-store.ts';
import { openOwned } from './ownership.ts';
import { type ProcessTable, systemProcesses } from './processes.ts';

/** How a journal is opened. */
export interface JournalOptions {
  /** So many bytes of frames may be unsettled; at least 1 MiB, 10 GiB by default. The file is somewhat larger. */
  readonly maxBytes?: number;
  /** Full as well while the oldest unsettled frame is older than this many milliseconds; no limit by default. */
  readonly maxAgeMs?: number;
  /** What `write` does while the journal is full: `wait` (default) or `reject`. */
  readonly full?: 'wait' | 'reject';
  /** Settled frames stay this many milliseconds, so that they can be replayed; 0 by default. They do not count as bytes. */
  readonly keepMs?: number;
  /** At most so many dead letters; 100,000 by default. */
  readonly maxLetters?: number;
  /** By default the clock of this computer. */
  readonly clock?: Clock;
}

const optionNames: OptionNames<JournalOptions> = {
  maxBytes: true,
  maxAgeMs: true,
  full: true,
  keepMs: true,
  maxLetters: true,
  clock: true,
};

const MIB = 1024 ** 2;
const DEFAULTS: JournalSettings = {
  maxBytes: 10 * 1024 * MIB,
  maxAgeMs: Number.POSITIVE_INFINITY,
  full: 'wait',
  keepMs: 0,
  maxLetters: 100_000,
};

const LEAST = { maxBytes: MIB, maxAgeMs: 1, keepMs: 0, maxLetters: 1 };

/**
 * Opens the journal in this directory and makes this process its owner; makes one where there is nothing yet. Rejects
 * with `SluiceError`: `owned` while another process lives that has it, `not-a-journal`, `damaged`, `store-failed`.
 */
export function openJournal(directory: string, options: JournalOptions = {}): Promise<Journal> {
  return openJournalAs(systemProcesses(), directory, options);
}

/** As `openJournal`, for a process that a test invents. */
export async function openJournalAs(
  processes: ProcessTable,
  directory: string,
  { clock = createSystemClock(), ...options }: JournalOptions,
): Promise<Journal> {
  const settings = checkSettings(options);
  const { environment, owner } = await openOwned(directory, processes, clock);
  const store = new OwnedStore(environment, clock, owner);
  return contained(directory, async () => new Journal(store, clock, settings)).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
}

function checkSettings(options: JournalOptions): JournalSettings {
  checkOptions('openJournal', options, optionNames);
  const settings = { ...DEFAULTS, ...options };
  const refuse = (name: keyof JournalSettings, allowed: string): never => {
    throw invalidOption(`openJournal: ${name} must be ${allowed}, got ${String(settings[name])}`);
  };
  // These are its only names.
  for (const name of Object.keys(LEAST) as (keyof typeof LEAST)[])
    if (!(typeof settings[name] === 'number' && settings[name] >= LEAST[name]))
      refuse(name, `a number from ${LEAST[name]}`);
  if (settings.full !== 'wait' && settings.full !== 'reject') refuse('full', "'wait' or 'reject'");
  return settings;
}

/** How large the file of a journal was and is, in bytes. */
export interface Compaction {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Writes the file of a journal anew without its unused pages. Nobody may have the journal; it needs room for a second file. */
export async function compactJournal(directory: string): Promise<Compaction> {
  const data = join(directory, 'data.mdb');
  const copy = join(directory, 'compact.part');
  const clock = createSystemClock();
  await stat(data).catch(() => {
    throw new SluiceError('not-a-journal', `${directory} is not a journal: it has no data.mdb`);
  });
  const { environment, owner } = await openOwned(directory, systemProcesses(), clock);
  const giveBack = (opened: Environment): Promise<void> => new OwnedStore(opened, clock, owner).close();
  const work = async (): Promise<Compaction> => {
    const { size: bytesBefore } = await stat(data);
    await rm(copy, { recursive: true, force: true });
    await mkdir(copy);
    await environment.backup(copy).catch((error: unknown) => giveBack(environment).then(() => Promise.reject(error)));
    await environment.close();
    await rename(join(copy, 'data.mdb'), data);
    await rm(copy, { recursive: true, force: true });
    // The new file says that this process has the journal, so nobody came between.
    await giveBack(await openEnvironment(directory));
    return { bytesBefore, bytesAfter: (await stat(data)).size };
  };
  return contained(directory, work, 'compact');
}

/** So much is read at once, for what is read must not be written over meanwhile. */
const ROOM = { frames: 64, bytes: 256 * 1024 };

/**
 * Every frame that a journal still has, the oldest first: the unsettled ones, and settled ones that stay for `keepMs`.
 * It may be in use; nothing is taken from it, and what is written meanwhile is read too.
 */
export async function* readFrames(directory: string): AsyncGenerator<Frame, void> {
  await checkJournal(directory);
  let next: number | undefined;
  for (;;) {
    const chunk = viewJournal(directory, ({ frames }) => framesFrom(frames, next, ROOM));
    for (const frame of chunk) {
      yield frame;
      next = frame.position + 1;
    }
    if (chunk.length === 0) return;
  }
}
