import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of package.json. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The files below a directory of the project, as sorted paths from its root, such as `src/core/clock.ts`. */
export function filesIn(directory: string, extension = '.ts'): readonly string[] {
  return readdirSync(join(projectRoot, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)))
    .sort();
}

/** The text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

const COMMENT_OR_STRING = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** Source text with comments and plain strings blanked and its lines kept; templates stay, for they may hold code. */
export function codeOf(source: string): string {
  return source.replace(COMMENT_OR_STRING, (token) => {
    if (token.startsWith('`')) return token;
    return token.startsWith('/') ? token.replace(/[^\n]/g, '') : "''";
  });
}
