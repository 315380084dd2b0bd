import { execFile } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournalInfo } from '../../../src/journal/info.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { type Bundle, bundle } from '../../support/bundle.ts';
import { assignedOf, emptyDirectory, noSignal, readMessages, room } from '../../support/journals.ts';

let model = '';
let child: Bundle;
beforeAll(async () => {
  child = bundle('test/support/journal-program.ts');
  model = mkdtempSync(join(tmpdir(), 'sluice-journal-model-'));
  const journal = await openJournal(model);
  const text = 'x'.repeat(3_000);
  for (let n = 0; n < 200; n++) await Promise.all([journal.write({ n, text }), journal.writeText('1')]);
  await journal.close();
});
afterAll(() => {
  child.remove();
  rmSync(model, { recursive: true });
});

/** A journal of 400 frames that nobody has. */
function journalAtRest(): string {
  const directory = emptyDirectory();
  cpSync(model, directory, { recursive: true });
  return directory;
}

function overwrite(directory: string, at: number, size = 4096): void {
  const file = openSync(join(directory, 'data.mdb'), 'r+');
  writeSync(file, Buffer.alloc(size, 'A'), 0, size, at);
  closeSync(file);
}

const sizeOf = (directory: string): number => statSync(join(directory, 'data.mdb')).size;

describe('a directory', () => {
  it('with other files in it is not made a journal', async () => {
    const directory = emptyDirectory();
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    const error = await openJournal(directory).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'not-a-journal' });
    expect(String(error)).toContain("has no journal.json, but 'notes.txt'");
  });

  it("with the files of somebody else's LMDB is not made a journal", async () => {
    const directory = journalAtRest();
    rmSync(join(directory, 'journal.json'));
    await expect(openJournal(directory)).rejects.toThrow(/is not a journal: it has no journal.json/);
  });

  it('of a newer version is refused', async () => {
    const directory = journalAtRest();
    writeFileSync(join(directory, 'journal.json'), '{"sluiceJournal":2,"complete":true}');
    await expect(openJournal(directory)).rejects.toThrow(/has format 2; this version of sluice reads up to 1/);
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

  it('that is a file is refused', async () => {
    const path = join(emptyDirectory(), 'file');
    writeFileSync(path, '');
    await expect(openJournal(path)).rejects.toMatchObject({ code: 'store-failed' });
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
    truncateSync(join(directory, 'data.mdb'), length(sizeOf(directory)));
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
    overwrite(directory, text.indexOf('"n":100,') + 500, 100);
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
  it('fails the journal, which takes nothing more; what was acknowledged is there', async () => {
    const directory = emptyDirectory();
    // 4 MB; the limit of a file's size stands for the disk, which a test must not fill.
    const command = `ulimit -f 4096; exec "${process.execPath}" "${child.path}" fill "${directory}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', command]);
    const { acknowledged, first, second, ended } = JSON.parse(stdout);
    expect(first).toMatch(/^store-failed cannot write to the journal .*bytes are free on its disk/);
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

describe('rights', () => {
  it('that are missing are an error that says so', async () => {
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
});

it('a copy of a journal that is in use is one of an earlier moment, or is refused', async () => {
  const directory = emptyDirectory();
  const journal = await openJournal(directory);
  await journal.write({ n: 1 });
  const copy = join(emptyDirectory(), 'copy');
  mkdirSync(copy);
  for (const name of ['journal.json', 'data.mdb']) copyFileSync(join(directory, name), join(copy, name));
  await journal.close();
  expect((await readJournalInfo(copy)).frames.messages).toBe(1);
});
