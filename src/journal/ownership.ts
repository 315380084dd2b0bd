import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { contained, type JournalView, OWNER, openEnvironment, viewJournal } from './environment.ts';
import { alone } from './opening-lock.ts';
import type { ProcessName, ProcessTable } from './processes.ts';

/** Who has the journal, as it stands in the journal. Nothing expires: only what others see change or not counts. */
export interface OwnerRecord {
  /** Null: it was given back. */
  readonly holder: ProcessName | null;
  /** Milliseconds since 1970, for people. */
  readonly since: number;
  /** Grows with every change of owner; a write with a lower one is refused. */
  readonly epoch: number;
  /** Grows while the owner lives. */
  readonly beat: number;
}

/** The owner says so often that it lives. */
export const BEAT_MS = 1_000;
/** An owner that misses so many beats is dead, where its process cannot be asked. */
const BEATS_MISSED_MAX = 3;

/**
 * Opens the journal and makes this process its owner, with its record. Throws `SluiceError`: `owned` when another one
 * lives. A journal that somebody has is not opened with LMDB, which would disturb who writes it.
 */
export async function openOwned(directory: string, processes: ProcessTable, clock: Clock) {
  const seen = lookForOwner(directory);
  if (seen !== undefined && seen.holder !== null) {
    const alive = processes.isAlive(seen.holder) ?? (await changes(directory, seen, clock));
    if (alive) throw ownedError(directory, seen);
  }
  return contained(directory, async () => {
    await makeDirectory(directory);
    return alone(directory, async () => {
      const last = lookForOwner(directory);
      if (last !== undefined && !isSame(last, seen)) throw ownedError(directory, last);
      const environment = await openEnvironment(directory);
      const owner = { holder: processes.self, since: clock.wallTime(), epoch: (last?.epoch ?? 0) + 1, beat: 0 };
      await environment.state.put(OWNER, owner, owner.epoch).catch(async (error: unknown) => {
        await environment.close();
        throw error;
      });
      return { environment, owner };
    });
  });
}

/** Undefined: nobody ever had it, or it is no journal that can be read; whoever opens it says why. */
function lookForOwner(directory: string): OwnerRecord | undefined {
  try {
    return viewJournal(directory, ({ state }) => readOwner(state));
  } catch {
    return undefined;
  }
}

export function readOwner(state: JournalView['state']): OwnerRecord | undefined {
  // Only `openOwned` and `OwnedStore` write under this key.
  return state.get(OWNER) as OwnerRecord | undefined;
}

export function ownedError(directory: string, owner: OwnerRecord | undefined): SluiceError {
  const who = owner?.holder ?? undefined;
  const name = who === undefined ? 'another process' : `process ${who.pid} on ${who.host}`;
  const since = owner === undefined ? '' : ` since ${new Date(owner.since).toISOString()}`;
  return new SluiceError('owned', `the journal ${directory} belongs to ${name}${since}: end that process first`);
}

/** Waits for a sign of life. Time is measured here, so no clock of another machine and no clock set back matters. */
async function changes(directory: string, seen: OwnerRecord, clock: Clock): Promise<boolean> {
  for (let waits = 0; waits < BEATS_MISSED_MAX; waits++) {
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, BEAT_MS);
    });
    if (!isSame(lookForOwner(directory), seen)) return true;
  }
  return false;
}

function isSame(a: OwnerRecord | undefined, b: OwnerRecord | undefined): boolean {
  return a?.epoch === b?.epoch && a?.beat === b?.beat && (a?.holder === null) === (b?.holder === null);
}

/** With `recursive` Node says ENOENT of a read-only disk, and tries for ever where the system says so, as in /proc. */
async function makeDirectory(directory: string): Promise<void> {
  if (!existsSync(dirname(directory))) await makeDirectory(dirname(directory));
  await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
