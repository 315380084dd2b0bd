import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { joined, parseLine, type Written } from './account.ts';

const CHUNK_BYTES = 8 * 1024 * 1024;

/** What the workers of a campaign wrote, each into a file: only what was added since the last time is read. */
export class SinkFiles {
  readonly written: readonly Written[][];
  readonly #directory: string;
  /** How much of each file was read, up to the end of a line. */
  readonly #read = new Map<string, number>();
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);

  constructor(directory: string, partitions: number) {
    this.#directory = directory;
    this.written = Array.from({ length: partitions }, () => []);
  }

  read(): readonly (readonly Written[])[] {
    for (const name of readdirSync(this.#directory).filter((each) => each.endsWith('.log'))) this.#readFile(name);
    return this.written;
  }

  #readFile(name: string): void {
    const file = openSync(join(this.#directory, name), 'r');
    for (let at = this.#read.get(name) ?? 0; ; ) {
      const length = readSync(file, this.#chunk, 0, CHUNK_BYTES, at);
      // A line without its end was being written when its worker died.
      const end = this.#chunk.subarray(0, length).lastIndexOf('\n') + 1;
      if (end === 0) break;
      for (const line of this.#chunk.toString('latin1', 0, end - 1).split('\n')) this.#take(parseLine(name, line));
      at += end;
      this.#read.set(name, at);
    }
    closeSync(file);
  }

  #take(line: Written): void {
    const lines = this.written[line.partition];
    const last = lines?.at(-1);
    const both = last && joined(last, line);
    if (both === undefined) lines?.push(line);
    else lines?.splice(-1, 1, both);
  }
}
