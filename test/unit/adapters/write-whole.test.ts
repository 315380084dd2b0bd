import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { writeWhole } from '../../../src/adapters/write-whole.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';

let directory: string;
beforeEach(() => {
  directory = emptyDirectory();
});

it('files hold all their lines, and only their owner may read them', async () => {
  const [a, b] = [join(directory, 'a'), join(directory, 'b')];
  expect(await writeWhole({ [a]: ['1\n', '2\n'], [b]: [] })).toEqual([a, b]);
  expect(await readFile(a, 'utf8')).toBe('1\n2\n');
  expect((await readdir(directory)).sort()).toEqual(['a', 'b']);
  expect(((await stat(a)).mode & 0o777).toString(8)).toBe('600');
});

it('what an interrupted write left behind gives its rights to no new file', async () => {
  const path = join(directory, 'a');
  await writeFile(`${path}.part`, 'old', { mode: 0o644 });
  await writeWhole({ [path]: ['1\n'] });
  expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
  expect(await readFile(path, 'utf8')).toBe('1\n');
});

it('when the second file fails halfway, neither of them stays', async () => {
  const failing = function* () {
    yield 'the first line\n';
    throw new Error('no space left');
  };
  const written = writeWhole({ [join(directory, 'a')]: ['1\n'], [join(directory, 'b')]: failing() });
  await expect(written).rejects.toThrow('no space left');
  expect(await readdir(directory)).toEqual([]);
});

it('when a file cannot get its name, its unfinished copy is removed', async () => {
  await mkdir(join(directory, 'a'));
  await expect(writeWhole({ [join(directory, 'a')]: ['1\n'] })).rejects.toThrow();
  expect(await readdir(directory)).toEqual(['a']);
});
