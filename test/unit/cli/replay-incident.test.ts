import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createRig,
  message,
  messages,
  type RigOptions,
  type RouterRig,
  rejectingWith,
} from '../../support/router-rig.ts';
import { runCommand } from '../../support/run-command.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-replay-incident-'));
});
afterAll(() => rm(directory, { recursive: true }));

function recorded(channel: NonNullable<RigOptions['channels']>[string], last = 100_000): Promise<RouterRig> {
  return createRig({
    channels: { tick: { batchSize: 1, breaker: false, ...channel } },
    recordIncident: { last, directory, filesMax: 0 },
  });
}

const byFunction = { partitions: 2, partitionBy: () => 'A' };

it('of a file that cannot be re-run it prints what it holds and why, with times since its first reading', async () => {
  const rig = await recorded(byFunction);
  await rig.advance(250);
  rig.router.routeAll(messages('tick', 3));
  rig.router.pause('tick');
  const { code, stdout } = await runCommand('replay-incident', await rig.router.writeIncident());
  expect(stdout).toMatch(/^begins {3}nowhere$/m);
  expect(stdout).toMatch(/^ *\d+ +0\.0 +channel\.entered +tick\/\d +warming → idle/m);
  expect(stdout).toMatch(/^ *\d+ +250\.0 +channel\.entered +tick\/\d +\w+ → paused \(channel\.pause\)$/m);
  expect(stdout).toMatch(/^and 3 batch\.flushed$/m);
  expect(stdout).toMatch(/^Not re-run: channel tick is partitioned by a function, which cannot be written down$/m);
  expect(code).toBe(1);
});

it('as JSON it says of such a file that it was not re-run, and nothing of states', async () => {
  const rig = await recorded(byFunction);
  const { code, stdout } = await runCommand('replay-incident', await rig.router.writeIncident('asked'), '--json');
  expect(JSON.parse(stdout)).toEqual({
    file: expect.stringContaining(directory),
    why: ['asked'],
    writtenAt: expect.any(String),
    same: false,
    text: expect.stringContaining('Not re-run: channel tick'),
  });
  expect(code).toBe(1);
});

it('a file in which nobody read the clock shows its facts at 0', async () => {
  const rig = await recorded(byFunction, 100);
  for (let left = 100; left > 0; left -= 1) rig.router.route(null);
  const { stdout } = await runCommand('replay-incident', await rig.router.writeIncident());
  expect(await readFile(stdout.split('\n')[0] ?? '', 'utf8')).not.toContain('"is":"now"');
  expect(stdout).toMatch(/^holds {4}steps \d+ to \d+ \(those before were discarded\)$/m);
  expect(stdout).toMatch(/^and \d+ message\.rejected/m);
});

it('tells where a re-run begins, also in the middle, and counts what is too much to be listed', async () => {
  const rig = await recorded({}, 100);
  for (let n = 0; n < 40; n += 1) {
    rig.router.route(message('tick', n));
    await rig.advance(1_000);
  }
  const { code, stdout } = await runCommand('replay-incident', await rig.router.writeIncident());
  expect(stdout).toMatch(/^begins {3}at a calm moment, step \d+$/m);
  expect(stdout).toMatch(/^and \d+ batch\.flushed$/m);
  expect(stdout).toMatch(/^The same: \d+ facts as recorded, and the same counters at the end\.$/m);
  expect(code).toBe(0);
});

it('what was thrown is shown as its text, whatever it was', async () => {
  const rig = await recorded({ retry: { attempts: 1 } });
  for (const error of [new Error('down'), 'a bare text', { retryable: false }]) {
    rig.sink('tick').script.push(rejectingWith(error));
    rig.router.route(message('tick', 1));
    await rig.advance(10_000);
  }
  const file = await rig.router.writeIncident();
  const { code, stdout } = await runCommand('replay-incident', file);
  for (const text of ['“down”', '“a bare text”', '“an error without text”'])
    expect(stdout).toMatch(new RegExp(`batch\\.failed +tick .*${text}$`, 'm'));
  expect(code).toBe(0);
  const { facts } = JSON.parse((await runCommand('replay-incident', file, '--json')).stdout);
  expect(facts.find(({ fact }: { fact: { type: string } }) => fact.type === 'batch.failed').fact.error).toEqual({
    name: 'Error',
    text: 'down',
  });
});

it('--until beyond the end of the file is wrong usage, and says where that is', async () => {
  const rig = await recorded({});
  const file = await rig.router.writeIncident();
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const { step } = JSON.parse(lines.at(-1) ?? '');
  expect(await runCommand('replay-incident', file, '--until', String(step))).toMatchObject({ code: 0, stderr: '' });
  expect(await runCommand('replay-incident', file, '--until', String(step + 1))).toEqual({
    code: 2,
    stdout: '',
    stderr: `sluice: --until ${step + 1}: ${file} ends with step ${step}\n`,
  });
});
