import { mkdir } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { contained, type Environment, type JournalView, OWNER, openEnvironment, viewJournal } from './environment.ts';
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

/** An owner whose beat does not change for so long is dead, where its process cannot be asked. */
const LEASE_MS = 3_000;
const BEATS_PER_LEASE = 3;

/** The right to write to a journal, kept by a beat. */
export class Ownership {
  readonly epoch: number;
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #onEnd: (error: unknown) => void;
  #record: OwnerRecord;
  #timer: unknown;

  /** `onEnd` is called once at most: with undefined when another owner is there, else with the error of the store. */
  constructor(environment: Environment, clock: Clock, record: OwnerRecord, onEnd: (error: unknown) => void) {
    this.#environment = environment;
    this.#clock = clock;
    this.#record = record;
    this.#onEnd = onEnd;
    this.epoch = record.epoch;
    this.#arm();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async giveBack(): Promise<void> {
    this.stop();
    await this.#write({ ...this.#record, holder: null });
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(() => this.#beat(), LEASE_MS / BEATS_PER_LEASE);
  }

  #beat(): void {
    const isOn = (): boolean => this.#timer !== undefined;
    this.#write({ ...this.#record, beat: this.#record.beat + 1 }).then(
      (kept) => isOn() && (kept ? this.#arm() : this.#onEnd(undefined)),
      (error: unknown) => isOn() && this.#onEnd(error),
    );
  }

  #write(record: OwnerRecord): Promise<boolean> {
    this.#record = record;
    return this.#environment.write(this.epoch, () => this.#environment.state.put(OWNER, record, this.epoch));
  }
}

/**
 * Opens the journal and makes this process its owner, with its record. Throws `SluiceError`: `owned` when another one
 * lives. A journal that somebody has is not opened with LMDB, which would disturb who writes it.
 */
export async function openOwned(
  directory: string,
  processes: ProcessTable,
  clock: Clock,
): Promise<{ readonly environment: Environment; readonly owner: OwnerRecord }> {
  const seen = lookForOwner(directory);
  if (seen !== undefined && seen.holder !== null) {
    const alive = processes.isAlive(seen.holder) ?? (await changes(directory, seen, clock));
    if (alive) throw ownedError(directory, seen);
  }
  return contained(directory, async () => {
    await mkdir(directory, { recursive: true });
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
  // Only `takeOwnership` and `Ownership` write under this key.
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
  for (let waits = 0; waits < BEATS_PER_LEASE; waits++) {
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, LEASE_MS / BEATS_PER_LEASE);
    });
    if (!isSame(lookForOwner(directory), seen)) return true;
  }
  return false;
}

function isSame(a: OwnerRecord | undefined, b: OwnerRecord | undefined): boolean {
  return a?.epoch === b?.epoch && a?.beat === b?.beat && (a?.holder === null) === (b?.holder === null);
}
