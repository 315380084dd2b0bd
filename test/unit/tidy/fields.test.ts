import { expect, it } from 'vitest';
import { codeOf, filesIn, textOf } from '../../support/project-files.ts';

const ROUTER = ['core', 'config', 'facts', 'channel', 'source', 'report', 'recorder', 'router'];
const GROUPS = [ROUTER, ['feeds'], ['journal', 'cluster', 'nats', 'redis', 'workers']];
const CLASS = /^(?:export )?(?:abstract )?class [\s\S]*?^\}/gm;
/** A field that the compiler lets others write. */
const FIELD = /^ {2}(?:static |override )?(\w+)[?!]?(?::[^(]*?| =.*);$/gm;
const WRITE = /(?<![\w$#.\])?])(?<!typeof )([\w$#.\])?]+)\.(\w+) (?:[-+*/|&]|\?\?|\|\||&&)?=(?![=>])/g;

/** `path text` of each write of a field that a class of another file shows. */
function foreignWrites(files: ReadonlyMap<string, string>): readonly string[] {
  const owners = new Map<string, Set<string>>();
  for (const [path, text] of files) {
    const fields = (codeOf(text).match(CLASS) ?? []).flatMap((body) => [...body.matchAll(FIELD)]);
    for (const [, name = ''] of fields) owners.set(name, (owners.get(name) ?? new Set()).add(path));
  }
  const isOwn = (text: string, name: string): boolean => [...text.matchAll(FIELD)].some(([, own]) => own === name);
  const setters = new Set(
    [...files.values()].flatMap((text) => [...text.matchAll(/^ {2}set (\w+)\(/gm)].map(([, name]) => name)),
  );
  return [...files].flatMap(([path, text]) =>
    [...codeOf(text).matchAll(WRITE)]
      .filter(([, of, name = '']) => of !== 'this' && owners.has(name) && !isOwn(text, name))
      .filter(([, , name]) => !setters.has(name))
      .map(([write]) => `${path} ${write}`),
  );
}

it.each(GROUPS.map((folders) => [folders]))('no file of %s writes a field of a class of another file', (folders) => {
  const files = folders.flatMap((folder) => filesIn(`src/${folder}`));
  expect(foreignWrites(new Map(files.map((path) => [path, textOf(path)])))).toEqual([]);
});

it.each([
  ['recovery.size = 0;', true],
  ['this.recovery.size += 1;', true],
  ['for (const { recovery } of all) recovery.size ??= 1;', true],
  ['this.size = 0;', false],
  ['if (recovery.size === 0) return;', false],
  ['recovery.limit = 0;', false],
])('%s: %s', (line, isForeign) => {
  const files = new Map([
    ['a.ts', 'class Recovery {\n  size = 0;\n  readonly limit = 1;\n}'],
    ['b.ts', `  ${line}`],
  ]);
  expect(foreignWrites(files).length > 0).toBe(isForeign);
});
