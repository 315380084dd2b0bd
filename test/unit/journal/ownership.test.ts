import { expect, it } from 'vitest';
import { openEnvironment } from '../../../src/journal/environment.ts';
import { openJournal, openJournalAs } from '../../../src/journal/open-journal.ts';
import { readOwner, takeOwnership } from '../../../src/journal/ownership.ts';
import { systemProcesses } from '../../../src/journal/processes.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { assignedOf, emptyDirectory, inventedProcess, noSignal, readMessages, room } from '../../support/journals.ts';

/** The fate of an attempt to open while time goes on: `opened`, or the code of the error. `meanwhile` runs after each step. */
async function attempt(
  opening: Promise<unknown>,
  clock: SimulatedClock,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<unknown> {
  const ended = opening.then(
    () => 'opened',
    (error: { code: string }) => error.code,
  );
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await clock.advance(100);
    await meanwhile();
  }
  return ended;
}

it('a second process is refused at once, and told who has the journal', async () => {
  const directory = emptyDirectory();
  const journal = await openJournalAs(inventedProcess(1), directory, { clock: createSimulatedClock() });
  const second = openJournalAs(inventedProcess(2), directory, { clock: createSimulatedClock() });
  await expect(second).rejects.toMatchObject({ code: 'owned' });
  await expect(second).rejects.toThrow(/belongs to process 1 on here since 2024-01-01T00:00:00.000Z/);
  await journal.close();
});

it('the same process cannot open it twice either, and can when it was closed', async () => {
  const directory = emptyDirectory();
  const journal = await openJournal(directory);
  await expect(openJournal(directory)).rejects.toThrow(new RegExp(`process ${process.pid} on `));
  await journal.close();
  await (await openJournal(directory)).close();
});

it('the journal of a dead process is taken over at once, with a higher fence', async () => {
  const directory = emptyDirectory();
  const clock = createSimulatedClock();
  const dead = await openJournalAs(inventedProcess(1), directory, { clock });
  const { fence } = await assignedOf(dead.source);
  const journal = await openJournalAs(inventedProcess(2, { 1: false }), directory, { clock });
  const partition = await assignedOf(journal.source);
  expect([partition.fence > fence, partition.takeovers]).toEqual([true, 1]);
  await journal.close();
});

it('a former owner can write and commit nothing any more, and hears that it lost', async () => {
  const directory = emptyDirectory();
  const clock = createSimulatedClock();
  const former = await openJournalAs(inventedProcess(1), directory, { clock });
  await Promise.all([former.write([{ n: 1 }]), clock.advance(2)]);
  const zombie = await assignedOf(former.source);
  await zombie.read(room, noSignal);
  const journal = await openJournalAs(inventedProcess(2, { 1: false }), directory, { clock });
  expect(await zombie.commit(1, 1_000)).toBe('lost');
  expect(zombie.lost.aborted).toBe(true);
  await expect(former.write({ n: 2 })).rejects.toThrow(/belongs to process 2 on here/);
  expect(await readMessages(await assignedOf(journal.source), 1)).toEqual([{ n: 1 }]);
  await former.close();
  expect((await journal.info()).owner?.pid).toBe(2);
  await journal.close();
});

it('where a process cannot be asked, its beat shows that it lives, whatever its clock says', async () => {
  const directory = emptyDirectory();
  const clock = createSimulatedClock({ wallStartMs: 0 });
  const journal = await openJournalAs(inventedProcess(1), directory, { clock });
  const elsewhere = inventedProcess(2, { 1: undefined });
  // What the owner writes is on disk when this is: its beats as well.
  const written = () => Promise.all([journal.write({ n: 1 }), clock.advance(1)]);
  expect(await attempt(openJournalAs(elsewhere, directory, { clock }), clock, written)).toBe('owned');
  await journal.close();
});

it('where a process cannot be asked, one whose beat stands still for 3 s is dead', async () => {
  const directory = emptyDirectory();
  await openJournalAs(inventedProcess(1), directory, { clock: createSimulatedClock() });
  const environment = await openEnvironment(directory);
  const clock = createSimulatedClock({ wallStartMs: 0 });
  const taken = takeOwnership(environment, inventedProcess(2, { 1: undefined }), clock);
  await clock.advance(2_999);
  expect(readOwner(environment.state)?.holder?.pid).toBe(1);
  await clock.advance(1);
  expect((await taken).epoch).toBe(2);
  await environment.close();
});

it('of two that take over a dead owner at once, one gets it', async () => {
  const directory = emptyDirectory();
  await openJournalAs(inventedProcess(1), directory, { clock: createSimulatedClock() });
  const environment = await openEnvironment(directory);
  const clock = createSimulatedClock();
  const taken = Promise.allSettled(
    [2, 3].map((pid) => takeOwnership(environment, inventedProcess(pid, { 1: undefined }), clock)),
  );
  await clock.advance(3_000);
  expect((await taken).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(readOwner(environment.state)?.holder?.pid).toBe(2);
  await environment.close();
});

it('this process is known to live, one with its number of another time or machine is not', () => {
  const processes = systemProcesses();
  expect(processes.isAlive(processes.self)).toBe(processes.self.birth === null ? undefined : true);
  expect(processes.isAlive({ ...processes.self, birth: 'an earlier boot/1' })).not.toBe(true);
  expect(processes.isAlive({ ...processes.self, host: 'another' })).toBeUndefined();
  expect(processes.isAlive({ ...processes.self, pid: 2 ** 22 + 1 })).toBe(false);
});
