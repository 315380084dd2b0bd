import { createSystemClock } from '../adapters/system-clock.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { contained } from './environment.ts';
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
