import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HotPathCounts } from '../bench/hot-path-counts.ts';
import { projectRoot } from '../support/project-files.ts';

/**
 * Counts, not times: what steady traffic of 100,000 messages may cost. A change that makes one of these grow makes every
 * message slower; one that makes it shrink may lower the budget. W1 takes 33 to 35 bytes, W2 156, however busy the machine
 * is: with `--no-concurrent-recompilation` V8 optimises when a function is hot, not when its own thread finds time.
 */
const budgets = [
  { workload: 'W1', transitions: 0, timers: 20, bytesEach: 40 },
  { workload: 'W2', transitions: 0, timers: 8, bytesEach: 165 },
];

let directory = '';

/** Beside the packages, so that imports are found; the sources as they are now, not the last build. */
beforeAll(async () => {
  directory = await mkdtemp(join(projectRoot, 'node_modules/.hot-path-'));
  await build({
    entryPoints: [join(projectRoot, 'test/bench/hot-path-counts.ts')],
    outfile: join(directory, 'counts.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: { sluice: join(projectRoot, 'src/index.ts') },
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it.each(budgets)(
  '$workload causes $transitions transitions, sets at most $timers timers and allocates at most $bytesEach bytes a message',
  async ({ workload, transitions, timers, bytesEach }) => {
    const heap = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
    const program = [...heap, '--no-concurrent-recompilation', join(directory, 'counts.mjs'), workload];
    const { stdout } = await promisify(execFile)(process.execPath, program);
    const counts: HotPathCounts = JSON.parse(stdout);
    // Else the growth of the heap would not be what was allocated.
    expect(counts.collections).toBe(0);
    expect(counts.transitions).toBe(transitions);
    expect(counts.timers).toBeLessThanOrEqual(timers);
    expect(counts.allocated / counts.messages).toBeLessThanOrEqual(bytesEach);
  },
);
