import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from './project-files.ts';

/** A program that writes to a journal, for a process of its own; `journal-program.ts` says what it does. */
export interface JournalChild {
  readonly path: string;
  remove(): void;
}

/** Made from the sources as they are. */
export function bundleJournalChild(): JournalChild {
  const cache = join(projectRoot, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'sluice-journal-'));
  const path = join(directory, 'journal-program.mjs');
  buildSync({
    entryPoints: [join(projectRoot, 'test/support/journal-program.ts')],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
