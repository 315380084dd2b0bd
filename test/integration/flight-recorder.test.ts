import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { generateMarket } from '../../src/cli/market.ts';
import type { ReplayReport } from '../../src/cli/report.ts';
import { createTestRouter, type TestRouter } from '../../src/testing/index.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { runCommand } from '../support/run-command.ts';

let directory: string;
beforeEach(() => {
  directory = emptyDirectory();
});

/** The first call of the sink of ticks hangs, so that the channel fails. */
async function failing(to: string): Promise<TestRouter> {
  const rig = await createTestRouter({
    sinks: { tick: { processTimeoutMs: 100, abandonAfterMs: 100 }, ohlcv: {}, fmv: {} },
    recorder: { directory: to, messages: 50 },
  });
  rig.sink('tick').script.push(() => new Promise(() => {}));
  const market = generateMarket(1);
  for (let n = 0; n < 60; n += 1) rig.router.route(market.next().value);
  await rig.advance(5_000);
  expect(rig.states('tick')).toContain('failed');
  return rig;
}

it('R6.4 a channel that fails makes a record, and `sluice replay` delivers its messages again', async () => {
  const rig = await failing(directory);
  // Records are written one after the other: when this one is there, the first is.
  await rig.router.writeRecord();
  await rig.stop();
  const [facts = '', kept = ''] = (await readdir(directory)).sort();
  expect(facts).toMatch(/^2024-01-01T00-00-00\.\d{3}Z\.facts\.ndjson$/);
  expect(kept).toBe(facts.replace('facts', 'messages'));
  expect((await stat(join(directory, kept))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(directory, facts), 'utf8')).toMatch(
    /"type":"channel.entered","fact":\{"channel":"tick",.*"to":"failed"/,
  );
  const { code, stdout, stderr } = await runCommand('replay', join(directory, kept), '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { received, conserved, channels } = JSON.parse(stdout) as ReplayReport;
  expect({ received, conserved }).toEqual({ received: 50, conserved: true });
  expect(Object.values(channels).reduce((sum, { delivered }) => sum + delivered, 0)).toBe(50);
});

it.each([
  ['a missing directory', 'missing'],
  ['a directory that is a file', 'file'],
  ['a directory below a file', 'file/below'],
])('R6.4 %s: the failure is published, and nothing is left behind', async (_, name) => {
  await writeFile(join(directory, 'file'), 'not a directory');
  const to = join(directory, name);
  const rig = await failing(to);
  await expect(rig.router.writeRecord()).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining(`the record cannot be written to '${to}': `),
  });
  expect(rig.facts('callback.failed')).toMatchObject([
    { place: 'recorder', channel: null, error: { code: 'refused' } },
  ]);
  expect(rig.router.metrics().faults.recorder).toBe(1);
  expect(await readdir(directory)).toEqual(['file']);
  // Nobody looks at this one: vitest fails on an unhandled rejection.
  void rig.router.writeRecord();
  await rig.router.writeRecord().catch(() => {});
  await rig.stop();
});
