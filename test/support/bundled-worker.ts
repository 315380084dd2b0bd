import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { projectRoot } from './project-files.ts';

/** The code of the metrics thread, made from the sources as they are: a worker cannot load TypeScript. */
export function bundleThreadWorker(): { readonly code: URL; remove(): void } {
  const cache = join(projectRoot, 'node_modules/.cache');
  // A fresh clone has none.
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'sluice-thread-'));
  const outfile = join(directory, 'thread-worker.mjs');
  buildSync({
    entryPoints: [join(projectRoot, 'src/inspector/thread-worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return { code: pathToFileURL(outfile), remove: () => rmSync(directory, { recursive: true, force: true }) };
}
