import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assigned } from '../../../src/core/source-port.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import type { Entrant, Sample } from '../case.ts';
import { peakMb } from '../own-process.ts';

/** How long is written at a time. */
const WINDOW_MS = 300;
const RECOVERED = 1_000_000;

/** What takes messages and resolves when they are on disk. */
interface Log {
  write(call: number): Promise<void>;
  close(): Promise<void>;
}

/** Calls of so many messages; `outstanding` of them are not answered. The disk is what is measured, so time is that of the wall. */
export function openWriting(contestant: string, perCall: number, outstanding: number): Entrant {
  return {
    async measure(): Promise<Sample> {
      const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
      const log = await openLog(contestant, join(directory, 'log'), perCall);
      const startedAt = performance.now();
      let calls = 0;
      const work = async (): Promise<void> => {
        while (performance.now() - startedAt < WINDOW_MS) await log.write(calls++);
      };
      await Promise.all(Array.from({ length: outstanding }, work));
      const elapsedMs = performance.now() - startedAt;
      await log.close();
      rmSync(directory, { recursive: true });
      return { 'messages/s': (calls * perCall * 1_000) / elapsedMs, 'peak MB': peakMb() };
    },
  };
}

async function openLog(contestant: string, path: string, perCall: number): Promise<Log> {
  const messages = Array.from({ length: perCall }, (_, n) => tradeOf(n));
  const texts = messages.map((message) => JSON.stringify(message));
  if (contestant === 'fdatasync') {
    const bytes = toBytes(texts);
    return new BareLog(await open(path, 'w'), () => bytes);
  }
  if (contestant === 'fdatasync-texts') return new BareLog(await open(path, 'w'), () => toBytes(texts));
  const journal = await openJournal(path);
  const write = contestant === 'sluice-encoding' ? () => journal.write(messages) : () => journal.writeText(texts);
  return { write, close: () => journal.close() };
}

function toBytes(texts: readonly string[]): Buffer {
  return Buffer.from(texts.join('\n'));
}

/** What comes while the disk is busy is written next, all of it at once. */
class BareLog implements Log {
  readonly #file: FileHandle;
  readonly #bytesOf: () => Buffer;
  #waiting: Buffer[] = [];
  #next: Promise<void> | undefined;
  #present: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, bytesOf: () => Buffer) {
    this.#file = file;
    this.#bytesOf = bytesOf;
  }

  write(): Promise<void> {
    this.#waiting.push(this.#bytesOf());
    this.#next ??= this.#present.then(() => this.#flush());
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#next = undefined;
    this.#present = this.#file.write(bytes).then(() => this.#file.datasync());
    return this.#present;
  }
}

/** Reads a million messages from a journal, or only parses their lines. */
export async function openRecovery(contestant: string): Promise<Entrant> {
  const lines = Array.from({ length: RECOVERED }, (_, n) => JSON.stringify(tradeOf(n)));
  if (contestant === 'parse') return { measure: async () => timed(async () => parseAll(lines)) };
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const journal = await openJournal(directory);
  for (let n = 0; n < RECOVERED; n += 10_000) {
    if (contestant === 'sluice-texts') await journal.writeText(lines.slice(n, n + 10_000));
    else await journal.write(lines.slice(n, n + 10_000).map((line) => JSON.parse(line)));
  }
  await journal.close();
  return {
    measure: () => timed(() => recoverAll(directory)),
    finish: async () => rmSync(directory, { recursive: true }),
  };
}

async function recoverAll(directory: string): Promise<number> {
  const journal = await openJournal(directory);
  const partitions: Assigned[] = [];
  await journal.source.start({ assigned: (partition) => partitions.push(partition), revoke: async () => {} });
  const signal = new AbortController().signal;
  let count = 0;
  while (count < RECOVERED) {
    const frames = (await partitions[0]?.read({ frames: 64, bytes: 4_000_000 }, signal)) ?? [];
    for (const frame of frames) count += frame.messages().length;
  }
  await journal.close();
  return count;
}

function parseAll(lines: readonly string[]): number {
  let count = 0;
  for (const line of lines) if (JSON.parse(line) !== undefined) count += 1;
  return count;
}

async function timed(work: () => Promise<number>): Promise<Sample> {
  const startedAt = performance.now();
  const count = await work();
  return { 'messages/s': (count * 1_000) / (performance.now() - startedAt), 'peak MB': peakMb() };
}

/** A trade as a feed sends it, of about 120 bytes. */
export function tradeOf(n: number): unknown {
  return {
    ev: 'T',
    sym: `X:S${n % 500}`,
    i: String(n),
    x: 4,
    p: 100 + (n % 997) / 100,
    s: n % 100,
    c: [1, 2],
    t: 1_723_075_200_000 + n,
    q: n,
  };
}
