import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { projectRoot } from '../../support/project-files.ts';

const forbidden = [
  ['machines', '../src/router/router.ts'],
  ['machines', '../src/channel/inbox.ts'],
  ['machines', '../src/index.ts'],
  ['machines', 'node:fs'],
  ['machines', 'zod'],
  ['src/core', 'node:fs'],
  ['src/core', 'xstate'],
  ['src/core', 'commander'],
  ['src/core', '../channel/inbox.ts'],
  ['src/core', '../index.ts'],
  ['src/core', '../../machines/channel.ts'],
  ['src/adapters', '../router/router.ts'],
  ['src/adapters', 'xstate'],
] as const;
const permitted = [
  ['machines', 'xstate'],
  ['machines', './channel.ts'],
  ['machines', '../src/core/clock.ts'],
  ['src/core', './clock.ts'],
  ['src/adapters', 'node:fs'],
  ['src/adapters', '../core/clock.ts'],
] as const;

const directory = emptyDirectory(afterAll);

const nameOf = (folder: string, imported: string): string =>
  `${folder}/${imported.replaceAll(/\W+/g, '-').replace(/^-/, '')}.ts`;
/** The rules that each planted file breaks. */
let breaches: ReadonlyMap<string, readonly string[]>;

/** Breaches are planted in a copy, so that a killed test leaves none behind, and are looked for all at once. */
beforeAll(() => {
  for (const file of ['biome.json', '.gitignore']) cpSync(join(projectRoot, file), join(directory, file));
  const names = [...forbidden, ...permitted].map(([folder, imported]) => {
    const file = join(directory, nameOf(folder, imported));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import { x } from '${imported}';\n\nexport const y = x;\n`);
    return nameOf(folder, imported);
  });
  const args = ['lint', '--error-on-warnings', '--max-diagnostics=none', '--reporter=github', ...names];
  const { stdout } = spawnSync(join(projectRoot, 'node_modules/.bin/biome'), args, {
    cwd: directory,
    encoding: 'utf8',
  });
  const rulesOf = (name: string): string[] =>
    stdout.split('\n').flatMap((line) => (line.includes(`/${name},`) ? [/title=([\w/]+)/.exec(line)?.[1] ?? ''] : []));
  breaches = new Map(names.map((name) => [name, rulesOf(name)]));
});

it.each(forbidden)('%s may not import %s', (folder, imported) => {
  expect(breaches.get(nameOf(folder, imported))).toContainEqual(expect.stringContaining('noRestrictedImports'));
});

it.each(permitted)('%s may import %s', (folder, imported) => {
  expect(breaches.get(nameOf(folder, imported))).toEqual([]);
});
