import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../../support/project-files.ts';

const biome = join(projectRoot, 'node_modules/.bin/biome');
let directory = '';

/** Breaches are planted in a copy, so that a killed test leaves none behind. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-layers-'));
  for (const file of ['biome.json', '.gitignore']) await cp(join(projectRoot, file), join(directory, file));
});
afterAll(() => rm(directory, { recursive: true }));

async function lint(path: string, imported: string): Promise<string> {
  const file = join(directory, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `import { x } from '${imported}';\n\nexport const y = x;\n`);
  const { stdout, stderr } = await promisify(execFile)(biome, ['lint', '--error-on-warnings', path], {
    cwd: directory,
  }).catch((failure) => failure);
  return `${stdout}${stderr}`;
}

it.each([
  ['machines/planted.ts', '../src/router/router.ts'],
  ['machines/planted.ts', '../src/channel/inbox.ts'],
  ['machines/planted.ts', '../src/index.ts'],
  ['machines/planted.ts', 'node:fs'],
  ['machines/planted.ts', 'zod'],
  ['src/core/planted.ts', 'node:fs'],
  ['src/core/planted.ts', 'xstate'],
  ['src/core/planted.ts', 'commander'],
  ['src/core/planted.ts', '../channel/inbox.ts'],
  ['src/core/planted.ts', '../index.ts'],
  ['src/core/planted.ts', '../../machines/channel.ts'],
  ['src/adapters/planted.ts', '../router/router.ts'],
  ['src/adapters/planted.ts', 'xstate'],
])('%s may not import %s', async (path, imported) => {
  expect(await lint(path, imported)).toContain('noRestrictedImports');
});

it.each([
  ['machines/planted.ts', 'xstate'],
  ['machines/planted.ts', './channel.ts'],
  ['machines/planted.ts', '../src/core/clock.ts'],
  ['src/core/planted.ts', './clock.ts'],
  ['src/adapters/planted.ts', 'node:fs'],
  ['src/adapters/planted.ts', '../core/clock.ts'],
])('%s may import %s', async (path, imported) => {
  expect(await lint(path, imported)).not.toMatch(/ lint\//);
});
