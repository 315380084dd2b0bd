import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { convert } from 'ast-v8-to-istanbul';
import { parseAst } from 'vitest/node';
import { projectRoot } from '../support/project-files.ts';
import type { FileCoverage } from './uncovered.ts';

type Conversion = Parameters<typeof convert>[0];

/** The script that a page ran, and how often each part of it. */
export interface MeasuredScript {
  readonly code: string;
  readonly map: NonNullable<Conversion['sourceMap']>;
  readonly functions: Conversion['coverage']['functions'];
}

/** Where test/e2e leaves what its pages ran. */
export const pageCoverageDirectory = join(projectRoot, 'node_modules', '.cache', 'page-coverage');

/** Nothing of an earlier run counts. */
export function clearPageCoverage(): void {
  rmSync(pageCoverageDirectory, { recursive: true, force: true });
}

/** What the pages of test/e2e ran of these sources, as Chromium has measured it; empty: there was no Chromium. */
export async function readPageCoverage(isMeant: (path: string) => boolean): Promise<Record<string, FileCoverage>[]> {
  if (!existsSync(pageCoverageDirectory)) return [];
  const all = readdirSync(pageCoverageDirectory).map(async (name) => {
    const { code, map, functions }: MeasuredScript = JSON.parse(
      readFileSync(join(pageCoverageDirectory, name), 'utf8'),
    );
    // Where the script would be: its map tells the sources from there.
    const url = pathToFileURL(join(projectRoot, 'dist', 'page', 'page.js')).href;
    const files = await convert({ code, sourceMap: map, ast: parseAst(code), coverage: { url, functions } });
    return Object.fromEntries(Object.entries(files).filter(([path]) => isMeant(path)));
  });
  return Promise.all(all);
}
