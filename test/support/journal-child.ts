import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from './project-files.ts';

/** A program that uses a journal, for a process of its own. */
export interface JournalChild {
  readonly path: string;
  remove(): void;
}

/** Made from the sources as they are: by default of `journal-program.ts`, which says what it does. */
export function bundleJournalChild(source = 'test/support/journal-program.ts'): JournalChild {
  const cache = join(projectRoot, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'sluice-journal-'));
  const path = join(directory, 'journal-program.mjs');
  buildSync({
    entryPoints: [join(projectRoot, source)],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // Examples import the package by name.
    alias: { sluice: join(projectRoot, 'src/index.ts') },
    logLevel: 'error',
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
