import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { projectRoot, textOf } from '../../support/project-files.ts';

it('R10.2 docs/reference/api.md is what `npm run docs` makes of the doc comments', async () => {
  const file = join(emptyDirectory(), 'api.md');
  await promisify(execFile)(process.execPath, [join(projectRoot, 'config/reference/make.js'), file]);
  expect(textOf('docs/reference/api.md')).toBe(await readFile(file, 'utf8'));
});
