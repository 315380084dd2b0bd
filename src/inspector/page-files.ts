import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { invalidOption } from '../core/sluice-error.ts';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

/** All files of the page of a router; no other file is served. */
const routerFiles: readonly string[] = ['index.html', 'page.js', 'page.css', 'charts.json', 'icon.svg'];
/** All files of the page of several processes. */
export const workersFiles: readonly string[] = ['workers.html', 'workers.js', 'page.css', 'icon.svg'];

const TYPES: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' },
  ...{ '.json': 'application/json', '.svg': 'image/svg+xml' },
};

/** The built page, by the path of each file. Throws `SluiceError` `invalid-option` if the page was not built. */
export function loadPage(files = routerFiles, directory = ownPath('dist', 'page')): ReadonlyMap<string, PageFile> {
  const load = (file: string): [path: string, file: PageFile] => {
    const type = `${TYPES[extname(file)]}; charset=utf-8`;
    return [file.endsWith('.html') ? '' : file, { type, content: readFileSync(join(directory, file)) }];
  };
  try {
    return new Map(files.map(load));
  } catch (error) {
    const text = `the inspector's page is not in ${directory}: run npm run build`;
    throw invalidOption(text, { cause: error });
  }
}

/** A path in this package, which is found by its own name: from the sources and from the build alike. */
export function ownPath(...path: readonly string[]): string {
  return join(dirname(createRequire(import.meta.url).resolve('sluice/package.json')), ...path);
}
