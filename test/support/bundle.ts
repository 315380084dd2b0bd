import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from './project-files.ts';

/** A program in one file, for a process or a thread of its own. */
export interface Bundle {
  readonly path: string;
  remove(): void;
}

/**
 * Makes a program of the sources as they are: neither processes nor threads load TypeScript. It lies where the packages are
 * found. The sources ask `sluice/package.json` for the version, which only the package itself has.
 */
export function bundle(entry: string, within = 'node_modules/.cache'): Bundle {
  // A fresh clone has none.
  mkdirSync(join(projectRoot, within), { recursive: true });
  const directory = mkdtempSync(join(projectRoot, within, '.bundle-'));
  const path = join(directory, basename(entry).replace(/ts$/, 'mjs'));
  buildSync({
    entryPoints: [join(projectRoot, entry)],
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: { sluice: join(projectRoot, 'src/index.ts') },
    external: ['sluice/package.json'],
    logLevel: 'error',
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** The command `sluice`. */
export function bundleCommand(): Bundle {
  return bundle('src/cli/main.ts', 'dist');
}
