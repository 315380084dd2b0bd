import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournalInfo } from '../../../src/journal/info.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { bundled } from '../../support/bundled.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { assignedOf, noSignal, openedJournal, readMessages, room } from '../../support/journals.ts';

const model = emptyDirectory(afterAll);
const child = bundled('test/support/journal-program.ts');
beforeAll(async () => {
  const journal = await openJournal(model);
  const text = 'x'.repeat(3_000);
  for (let n = 0; n < 200; n++) await Promise.all([journal.write({ n, text }), journal.writeText('1')]);
  await journal.close();
});

/** A journal of 400 frames that nobody has. */
function journalAtRest(): string {
  const directory = emptyDirectory();
  cpSync(model, directory, { recursive: true });
  return directory;
}

describe('a directory', () => {
  it('with other files in it is not made a journal', async () => {
    const directory = emptyDirectory();
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    const error = await openJournal(directory).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'not-a-journal' });
    expect(String(error)).toContain("has no journal.json, but 'notes.txt'");
  });

  it.each([
    [null, /is not a journal: it has no journal.json/],
    ['{"sluiceJournal":2,"complete":true}', /has format 2; this version of sluice reads up to 1/],
    ['null', /is not a journal: its journal.json is not what sluice writes/],
  ])("of somebody else's LMDB or of a newer version is refused: %s", async (marker, reason) => {
    const directory = journalAtRest();
    rmSync(join(directory, 'journal.json'));
    if (marker !== null) writeFileSync(join(directory, 'journal.json'), marker);
    await expect(openJournal(directory)).rejects.toThrow(reason);
  });

  it('that does not exist is made by openJournal, and refused by those that only read', async () => {
    const directory = join(emptyDirectory(), 'a', 'b');
    await expect(readJournalInfo(directory)).rejects.toMatchObject({ code: 'store-failed' });
    await (await openJournal(directory)).close();
    expect((await readJournalInfo(directory)).frames.frames).toBe(0);
  });

  it('whose making was cut off is finished by the next process', async () => {
    const directory = emptyDirectory();
    writeFileSync(join(directory, 'journal.json'), '{"sluiceJournal":1,"complete":false}');
    writeFileSync(join(directory, 'data.mdb'), '');
    const journal = await openJournal(directory);
    await journal.write({ n: 1 });
    await journal.close();
    expect((await readJournalInfo(directory)).frames.messages).toBe(1);
  });

  it('that is a file, lies in one or cannot be made is refused', async () => {
    const path = join(emptyDirectory(), 'file');
    writeFileSync(path, '');
    for (const directory of [path, join(path, 'journal'), '/proc/journal'])
      await expect(openJournal(directory)).rejects.toMatchObject({ code: 'store-failed' });
  });
});

describe('a file', () => {
  it.each([
    ['emptied', () => 0],
    ['cut in its header', () => 100],
    ['cut after its header', () => 8_192],
    ['cut in the middle', (size: number) => Math.floor(size / 2)],
  ])('%s: refused, unchanged', async (_, length) => {
    const directory = journalAtRest();
    truncateSync(join(directory, 'data.mdb'), length(statSync(join(directory, 'data.mdb')).size));
    const before = readFileSync(join(directory, 'data.mdb'));
    await expect(openJournal(directory)).rejects.toMatchObject({ code: 'damaged' });
    await expect(readJournalInfo(directory)).rejects.toMatchObject({ code: 'damaged' });
    expect(readFileSync(join(directory, 'data.mdb')).equals(before)).toBe(true);
  });

  it('removed: refused, not begun anew', async () => {
    const directory = journalAtRest();
    rmSync(join(directory, 'data.mdb'));
    await expect(openJournal(directory)).rejects.toThrow(/data.mdb is missing or empty/);
  });

  it('that is something else: refused', async () => {
    const directory = journalAtRest();
    writeFileSync(join(directory, 'data.mdb'), 'something else'.repeat(1_000));
    await expect(openJournal(directory)).rejects.toThrow(/does not begin as an LMDB file does/);
  });

  it('overwritten in one frame: this frame says so, all others are read', async () => {
    const directory = journalAtRest();
    const text = readFileSync(join(directory, 'data.mdb'));
    const at = text.indexOf('"n":100,') + 500;
    writeFileSync(join(directory, 'data.mdb'), text.fill('A', at, at + 100));
    const journal = await openJournal(directory);
    const partition = await assignedOf(journal.source);
    const frames = [...(await partition.read({ ...room, frames: 1_000 }, noSignal))];
    while (frames.length < 400) frames.push(...(await partition.read(room, noSignal)));
    const bad = frames.filter((frame) => {
      try {
        return frame.messages().length === 0;
      } catch (error) {
        return String(error).includes('the checksum of the frame is wrong');
      }
    });
    expect(bad.map(({ position }) => position)).toEqual([201]);
    await journal.close();
  });

  it('overwritten anywhere never ends the process: it is refused, or every frame is right, wrong by its own word or a gap', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [child.path, 'overwrite', journalAtRest(), '60']);
    const { refused, wrong, right } = JSON.parse(stdout);
    expect(refused + wrong + right).toBe(60);
    expect([refused > 0, wrong > 0, right > 0]).toEqual([true, true, true]);
  });
});

describe('a full disk', () => {
  // 4 MB, for which the limit of a file's size stands. The preloaded module has the disk say so before.
  const says = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    const used = (directory) => Math.ceil(fs.statSync(directory + '/data.mdb').size / 4096);
    fs.statfsSync = (directory) => ({ bsize: 4096, blocks: 1024, bavail: 1024 - used(directory) });
    syncBuiltinESMExports();`;
  const preload = `--import "data:text/javascript;base64,${Buffer.from(says).toString('base64')}"`;
  it.each([
    ['that says so fails the journal before LMDB finds out', preload, 'it needs \\d+ bytes of room'],
    ['fails the journal with what LMDB says', '', '5: Input/output error'],
  ])('%s; it takes nothing more, and what was acknowledged is there', async (_, options, reason) => {
    const directory = emptyDirectory();
    const command = `ulimit -f 4096; exec "${process.execPath}" ${options} "${child.path}" fill "${directory}"`;
    const { stderr, stdout } = await promisify(execFile)('bash', ['-c', command]);
    expect(stderr === '').toBe(options !== '');
    const { acknowledged, first, second, ended } = JSON.parse(stdout);
    expect(first).toMatch(new RegExp(`^store-failed cannot write to .*: ${reason}; \\d+ bytes are free on its disk$`));
    expect(second).toBe(first);
    expect(ended).toBe(true);
    const journal = await openJournal(directory);
    const partition = await assignedOf(journal.source);
    expect(acknowledged).toBeGreaterThan(10);
    const found = (await readMessages(partition, acknowledged)) as { n: number }[];
    expect(found.map(({ n }) => n)).toEqual(Array.from({ length: acknowledged }, (_, n) => n));
    await journal.close();
  });
});

it('missing rights are an error that says so', async () => {
  const directory = journalAtRest();
  const asNobody = process.getuid?.() === 0;
  chmodSync(join(directory, 'data.mdb'), 0o400);
  if (asNobody) process.seteuid?.(65_534);
  try {
    await expect(openJournal(directory)).rejects.toThrow(/(EACCES|permission denied)[^;]*$/);
  } finally {
    if (asNobody) process.seteuid?.(0);
  }
});

it('a copy of a journal that is in use is one of an earlier moment, or is refused', async () => {
  const { directory, journal } = await openedJournal();
  await journal.write({ n: 1 });
  const copy = join(emptyDirectory(), 'copy');
  mkdirSync(copy);
  for (const name of ['journal.json', 'data.mdb']) copyFileSync(join(directory, name), join(copy, name));
  await journal.close();
  expect((await readJournalInfo(copy)).frames.messages).toBe(1);
});
