import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSystemClock } from '../adapters/system-clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { contained, type Environment, openEnvironment } from './environment.ts';
import { OwnedStore } from './owned-store.ts';
import { openOwned } from './ownership.ts';
import { systemProcesses } from './processes.ts';

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
