import { closeSync, cpSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { createRandom } from '../../src/core/random.ts';
import { SluiceError } from '../../src/core/sluice-error.ts';
import type { Assigned, Frame } from '../../src/core/source-port.ts';
import { openJournal } from '../../src/journal/open-journal.ts';

const [task, directory = '', count = '0'] = process.argv.slice(2);
const filler = 'x'.repeat(100_000);
const textOf = (error: unknown): string => {
  const { code, message } = error as { code: string; message: string };
  return `${code} ${message}`;
};

/** Writes until the disk is full, and once more. */
async function fill(): Promise<void> {
  const journal = await openJournal(directory);
  let acknowledged = 0;
  for (;;) {
    try {
      await journal.write({ n: acknowledged, filler });
      acknowledged += 1;
    } catch (error) {
      const second = await journal.write({}).then(() => 'written', textOf);
      process.stdout.write(
        JSON.stringify({ acknowledged, first: textOf(error), second, ended: journal.ended.aborted }),
      );
      return journal.close();
    }
  }
}

/** Overwrites some bytes of the journal, each time of a fresh copy, and reads all of it. */
async function overwrite(): Promise<void> {
  const ends = { refused: 0, wrong: 0, right: 0 };
  for (let seed = 1; seed <= Number(count); seed++) {
    const copy = `${directory}-${seed}`;
    cpSync(directory, copy, { recursive: true });
    try {
      overwriteSome(`${copy}/data.mdb`, seed);
      ends[await readAll(copy)] += 1;
    } finally {
      rmSync(copy, { recursive: true });
    }
  }
  process.stdout.write(JSON.stringify(ends));
}

function overwriteSome(path: string, seed: number): void {
  const random = createRandom(seed);
  const size = random() < 0.5 ? 4_096 : 1 + Math.floor(random() * 200);
  const at = Math.floor(random() * (statSync(path).size - size));
  const bytes = Buffer.alloc(size, 0x41);
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, size, size === 4_096 ? at - (at % 4_096) : at);
  closeSync(file);
}

async function readAll(path: string): Promise<'refused' | 'wrong' | 'right'> {
  const journal = await openJournal(path).catch((error: unknown) => {
    if (!(error instanceof SluiceError)) throw error;
  });
  if (journal === undefined) return 'refused';
  try {
    let assigned: Assigned | undefined;
    await journal.source.start({ assigned: (partition) => (assigned = partition), revoke: async () => {} });
    let end: 'wrong' | 'right' = 'right';
    for (let next = 1; next <= 400; ) {
      const frames = (await assigned?.read({ frames: 1_000, bytes: 1e9 }, new AbortController().signal)) ?? [];
      for (const frame of frames) {
        if (frame.position !== next && frame.gap?.from !== next)
          throw new Error(`a hole in silence before ${frame.position}`);
        next = frame.position + 1;
        if (frame.gap !== undefined || !isRight(frame)) end = 'wrong';
      }
      if (frames.length === 0) return 'wrong';
    }
    return end;
  } finally {
    await journal.close();
  }
}

function isRight(frame: Frame): boolean {
  try {
    const [message] = frame.messages();
    return frame.position % 2 === 0 ? message === 1 : (message as { n: number }).n === (frame.position - 1) / 2;
  } catch {
    return false;
  }
}

if (task === 'fill') await fill();
if (task === 'overwrite') await overwrite();
