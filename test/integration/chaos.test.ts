import { describe, expect, test } from 'vitest';
import type { ReplayReport } from '../../src/cli/report.ts';
import { ofRecordings, recordingFile } from '../support/recordings.ts';
import { runCommand } from '../support/run-command.ts';

const RECORDING = recordingFile('crypto-20240808-2358.stock-style');
const MESSAGES = 16_822;

async function replayed(seed: number, ...more: string[]): Promise<string> {
  const { code, stderr, stdout } = await runCommand('replay', RECORDING, '--chaos', String(seed), ...more);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

const reportOf = async (seed: number): Promise<ReplayReport> => JSON.parse(await replayed(seed, '--json'));

describe.skipIf(ofRecordings).concurrent(`chaos${ofRecordings}`, () => {
  test.each([1, 2, 3, 4, 5, 6])('of seed %i loses no message of a recording, whatever it does to it', async (seed) => {
    const report = await reportOf(seed);
    expect(report).toMatchObject({ received: MESSAGES, conserved: true, chaos: { seed } });
    const channels = Object.values(report.channels);
    const sum = (fate: 'accepted' | 'delivered' | 'deadLettered') => channels.reduce((all, c) => all + c[fate], 0);
    // Nothing waits, nothing is on its way, nothing was handed back: each accepted message was delivered or given up.
    expect([sum('accepted'), sum('delivered') + sum('deadLettered')]).toEqual([MESSAGES, MESSAGES]);
    expect(sum('deadLettered')).toBeGreaterThan(0);
    expect(sum('deadLettered')).toBeLessThan(MESSAGES / 100);
  });

  test('of the same seed injects the same faults, each kind of them, and sinks and channels suffer', async () => {
    const [first, second] = [await reportOf(7), await reportOf(7)];
    expect(second.chaos?.faults).toEqual(first.chaos?.faults);
    expect(Object.entries(first.chaos?.faults ?? {}).filter(([, count]) => count === 0)).toEqual([]);
    expect(Object.keys(first.chaos?.faults ?? {})).toHaveLength(14);
    for (const { restarts, retries, breaker } of Object.values(first.channels))
      expect(Math.min(restarts, retries, breaker?.opened ?? 0)).toBeGreaterThan(0);
  });

  test('is reported to people in a line', async () => {
    const output = await replayed(8);
    expect(output).toMatch(/\nchaos, seed 8: \d+ throw, \d+ reject, /);
    expect(output).toMatch(
      /\nEvery message is accounted for: 16,822 received = [\d,]+ delivered \+ \d+ dead-lettered\.\n$/,
    );
  });
});
