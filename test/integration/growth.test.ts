import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { bundled } from '../support/bundled.ts';
import type { GrowthCounts } from './growth-counts.ts';

const CHANNELS = 400;
const program = bundled('test/integration/growth-counts.ts');
let few: GrowthCounts;
let many: GrowthCounts;

/** In processes of their own: counting steps would disturb the coverage of the tests, which counts them too. */
beforeAll(async () => {
  few = await countsOf(CHANNELS);
  many = await countsOf(2 * CHANNELS);
});

async function countsOf(channels: number): Promise<GrowthCounts> {
  const { stdout } = await promisify(execFile)(process.execPath, [program.path, String(channels)]);
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
