import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { viewJournal } from '../../../src/journal/environment.ts';
import { readJournalInfo } from '../../../src/journal/info.ts';
import { Journal } from '../../../src/journal/journal.ts';
import { openJournal, openJournalAs, readFrames } from '../../../src/journal/open-journal.ts';
import { openOwned } from '../../../src/journal/ownership.ts';
import { systemProcesses } from '../../../src/journal/processes.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { createTestRouter } from '../../../src/testing/test-router.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { assignedOf, inventedProcess, noSignal, openedJournal, readMessages, room } from '../../support/journals.ts';

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

it('who looks into a journal sees what its owner sees', async () => {
  const { directory, journal } = await openedJournal();
  await journal.write([{ n: 1 }, { n: 2 }]);
  await (await assignedOf(journal.source)).mark({ position: 1, index: 1 }, 1_000);
  await journal.write({ n: 3 });
  expect(await readJournalInfo(directory)).toEqual(await journal.info());
});

it('of many that open a journal at once each gets it alone, and nothing written is lost', async () => {
  const directory = emptyDirectory();
  const attempts = Array.from({ length: 20 }, async (_, n) => {
    const journal = await openJournalAs(inventedProcess(n), directory, {}).catch(({ code }: { code: unknown }) => code);
    if (!(journal instanceof Journal)) return journal;
    await journal.write({ n });
    await journal.close();
    return 'wrote';
  });
  const fates = await Promise.all(attempts);
  expect(fates.filter((fate) => fate !== 'owned' && fate !== 'wrote')).toEqual([]);
  expect((await readJournalInfo(directory)).written).toBe(fates.filter((fate) => fate === 'wrote').length);
});

it('a snapshot is that of the moment, whatever the size of the database, and from any key on', async () => {
  const { directory, journal } = await openedJournal();
  const written: number[] = [];
  for (let n = 1; n <= 1_500; n++) written.push(n);
  for (const n of written) {
    const done = journal.write({ n, text: 'x'.repeat(n % 100 === 0 ? 20_000 : 10) });
    if (n % 5 === 0) await done;
  }
  await journal.writeText('1');
  const keysOf = (range: { start?: number; reverse?: boolean; limit: number }) =>
    viewJournal(directory, ({ frames }) => [...frames.getRange(range)].map(({ key }) => key));
  const last = (await journal.info()).lastPosition;
  expect(keysOf({ limit: last + 1 })).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(keysOf({ start: 150, limit: 3 })).toEqual([150, 151, 152]);
  expect(keysOf({ start: 150, reverse: true, limit: 3 })).toEqual([150, 149, 148]);
  expect([keysOf({ start: last + 1, limit: 1 }), keysOf({ reverse: true, limit: 1 })]).toEqual([[], [last]]);
  let messages = 0;
  for await (const frame of readFrames(directory)) messages += frame.messages().length;
  expect(messages).toBe(1_501);
});

it('the same process cannot open it twice either, and can when it was closed', async () => {
  const { directory, journal } = await openedJournal();
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
  const clock = createSimulatedClock({ wallStartMs: 0 });
  const taken = openOwned(directory, inventedProcess(2, { 1: undefined }), clock);
  await clock.advance(2_999);
  expect((await readJournalInfo(directory)).owner?.pid).toBe(1);
  await clock.advance(1);
  const { environment, owner } = await taken;
  expect(owner.epoch).toBe(2);
  await environment.close();
});

it('of two that take over a dead owner at once, one gets it', async () => {
  const directory = emptyDirectory();
  await openJournalAs(inventedProcess(1), directory, { clock: createSimulatedClock() });
  const clock = createSimulatedClock();
  const taken = Promise.allSettled(
    [2, 3].map((pid) => openJournalAs(inventedProcess(pid, { 1: undefined }), directory, { clock })),
  );
  await clock.advance(3_000);
  const [winner, ...others] = (await taken).toSorted((a) => (a.status === 'fulfilled' ? -1 : 1));
  expect([winner?.status, ...others.map(({ status }) => status)]).toEqual(['fulfilled', 'rejected']);
  await Promise.all((await taken).map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
});

it('this process is known to live, one with its number of another time or machine is not', () => {
  const processes = systemProcesses();
  expect(processes.isAlive(processes.self)).toBe(processes.self.birth === null ? undefined : true);
  expect(processes.isAlive({ ...processes.self, birth: 'an earlier boot/1' })).not.toBe(true);
  expect(processes.isAlive({ ...processes.self, host: 'another' })).toBeUndefined();
  expect(processes.isAlive({ ...processes.self, pid: 2 ** 22 + 1 })).toBe(false);
});

it.skipIf(process.platform !== 'linux')(
  'a process that was killed and that nobody waited for does not live',
  async () => {
    // `cat` takes the place of the shell, and asks for no child.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec cat']);
    const [line] = await once(parent.stdout, 'data');
    const processes = systemProcesses();
    const child = { ...processes.self, pid: Number(line), birth: null };
    expect(processes.isAlive(child)).toBeUndefined();
    process.kill(child.pid, 'SIGKILL');
    while (processes.isAlive(child) !== false) await new Promise((resolve) => setImmediate(resolve));
    parent.kill();
  },
);

it('a router whose journal another process has says so: its source is given up, with an alert', async () => {
  const directory = emptyDirectory();
  const clock = createSimulatedClock();
  const journal = await openJournalAs(inventedProcess(1), directory, { clock });
  const deadLetters = { store: journal.letters };
  const test = await createTestRouter({ clock, sinks: { tick: {} }, sources: { feed: journal.source }, deadLetters });
  await test.advance(10);
  const next = await openJournalAs(inventedProcess(2, { 1: false }), directory, { clock });
  await Promise.allSettled([journal.write({ n: 1 }), clock.advance(2)]);
  await test.advance(1_000);
  expect(test.router.alerts).toMatchObject([
    { alert: 'source-failed', source: 'feed', text: expect.stringContaining('belongs to process 2') },
  ]);
  expect(test.router.health().sources.feed?.status).toBe('unhealthy');
  await test.stop();
  await Promise.all([journal.close(), next.close()]);
});
