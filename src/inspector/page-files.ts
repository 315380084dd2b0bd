import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { invalidOption } from '../core/sluice-error.ts';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

/** All files of the page of a router; no other file is served. */
const routerFiles = [
  ['', 'index.html', 'text/html'],
  ['page.js', 'page.js', 'text/javascript'],
  ['page.css', 'page.css', 'text/css'],
  ['charts.json', 'charts.json', 'application/json'],
  ['icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;
/** All files of the page of several processes. */
export const workersFiles = [
  ['', 'workers.html', 'text/html'],
  ['workers.js', 'workers.js', 'text/javascript'],
  ['page.css', 'page.css', 'text/css'],
  ['icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;
type Files = readonly (readonly [path: string, file: string, type: string])[];

/** The built page, by the path of each file. Throws `SluiceError` `invalid-option` if the page was not built. */
export function loadPage(directory = builtPage(), files: Files = routerFiles): ReadonlyMap<string, PageFile> {
  try {
    return new Map(
      files.map(([path, file, type]) => [
        path,
        { type: `${type}; charset=utf-8`, content: readFileSync(join(directory, file)) },
      ]),
    );
  } catch (error) {
    const text = `the inspector's page is not in ${directory}: run npm run build`;
    throw invalidOption(text, { cause: error });
  }
}

/** Found by the package's own name, so that the sources find the build too. */
export function builtPage(): string {
  return join(dirname(createRequire(import.meta.url).resolve('sluice/package.json')), 'dist', 'page');
}
