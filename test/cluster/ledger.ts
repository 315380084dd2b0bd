import { openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { mistakesInDeliveries } from '../support/cluster-workers.ts';

/** What the sinks of all workers have, against what was published. */
export interface Ledger {
  readonly delivered: number;
  readonly again: number;
  readonly mistakes: readonly string[];
}

export function ledgerOf(directory: string, counts: ReadonlyMap<string, number>): Ledger {
  const workers = readdirSync(directory).map((name) => ({
    lines: readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => ({ at: 0, text })),
  }));
  const texts = workers.flatMap(({ lines }) => lines).map(({ text }) => text.replace(/^delivered \S+ /, ''));
  const delivered = new Set(texts).size;
  return { delivered, again: texts.length - delivered, mistakes: mistakesInDeliveries(workers, counts) };
}

/** Counts the lines of the sinks while they grow: only what is new is read. */
export class SinkCount {
  readonly #directory: string;
  readonly #files = new Map<string, number>();
  readonly #buffer = Buffer.alloc(1024 ** 2);
  #lines = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get lines(): number {
    for (const name of readdirSync(this.#directory)) {
      const file = this.#files.get(name) ?? openSync(join(this.#directory, name), 'r');
      this.#files.set(name, file);
      for (let size = -1; size !== 0; ) {
        // Without a position it goes on where the last read ended.
        size = readSync(file, this.#buffer);
        for (const byte of this.#buffer.subarray(0, size)) this.#lines += Number(byte === 10);
      }
    }
    return this.#lines;
  }
}
