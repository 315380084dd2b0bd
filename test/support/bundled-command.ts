import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from './project-files.ts';

/** The command `sluice`, made from the sources as they are, for a process of its own. */
export function bundleCommand(): { readonly path: string; remove(): void } {
  mkdirSync(join(projectRoot, 'dist'), { recursive: true });
  const directory = mkdtempSync(join(projectRoot, 'dist/.command-'));
  const path = join(directory, 'main.mjs');
  buildSync({
    entryPoints: [join(projectRoot, 'src/cli/main.ts')],
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // Its examples import the package by name, and it asks the package for its version.
    alias: { sluice: join(projectRoot, 'src/index.ts') },
    external: ['sluice/package.json'],
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
