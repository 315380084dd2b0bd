import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../support/project-files.ts';
import type { GrowthCounts } from './growth-counts.ts';

const CHANNELS = 400;
let directory = '';
let few: GrowthCounts;
let many: GrowthCounts;

/** In processes of their own: counting steps would disturb the coverage of the tests, which counts them too. */
beforeAll(async () => {
  directory = await mkdtemp(join(projectRoot, 'node_modules/.growth-'));
  await build({
    entryPoints: [join(projectRoot, 'test/integration/growth-counts.ts')],
    outfile: join(directory, 'counts.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: { sluice: join(projectRoot, 'src/index.ts') },
  });
  few = await countsOf(CHANNELS);
  many = await countsOf(2 * CHANNELS);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function countsOf(channels: number): Promise<GrowthCounts> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(directory, 'counts.mjs'), String(channels)]);
  return JSON.parse(stdout);
}

it.each(['start', 'traffic', 'stop', 'mistakes'] as const)(
  '%s takes no more steps a channel with twice the channels',
  (phase) => {
    expect(many[phase] / few[phase]).toBeLessThan(2.05);
  },
);

it('a batch of one channel takes no more steps with twice the channels that wait', () => {
  expect(many.flush / few.flush).toBeLessThan(1.05);
});
