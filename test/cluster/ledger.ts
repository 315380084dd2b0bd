import { readdirSync, readFileSync } from 'node:fs';
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
