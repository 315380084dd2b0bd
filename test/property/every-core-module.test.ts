import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { filesIn, projectRoot, textOf } from '../support/project-files.ts';

/** Ports and words: types alone, which the compiler proves. */
const TYPES_ALONE = [
  'breaker-change',
  'channel-port',
  'clock',
  'feed-facts',
  'feed-port',
  'fleet-port',
  'letter-store-port',
  'ownership-port',
  'reading-port',
  'source-port',
  'supervised-feed',
  'trigger',
];

const modules = filesIn('src/core').map((path) => basename(path, '.ts'));

it.each(modules.filter((name) => !TYPES_ALONE.includes(name)))('test/property states laws of src/core/%s', (name) => {
  const path = `test/property/${name}.test.ts`;
  expect(existsSync(join(projectRoot, path)), `${path} is there`).toBe(true);
  expect(textOf(path)).toContain(`'../../src/core/${name}.ts'`);
  expect(textOf(path)).toMatch(/\bfc\.assert\(/);
});

it.each(TYPES_ALONE)('src/core/%s has nothing to run, so it has no laws', async (name) => {
  const module: object = await import(pathToFileURL(join(projectRoot, `src/core/${name}.ts`)).href);
  expect(Object.keys(module)).toEqual([]);
});
