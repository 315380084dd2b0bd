import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { projectRoot, textOf } from '../../support/project-files.ts';

it('R10.2 docs/reference/api.md is what `npm run docs` makes of the doc comments', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
  const file = join(directory, 'api.md');
  await promisify(execFile)(process.execPath, [join(projectRoot, 'config/reference/make.js'), file]);
  const made = await readFile(file, 'utf8');
  await rm(directory, { recursive: true });
  expect(textOf('docs/reference/api.md')).toBe(made);
});
