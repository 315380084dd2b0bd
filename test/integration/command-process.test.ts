import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, it } from 'vitest';
import { bundleCommand } from '../support/bundle.ts';
import { bundled } from '../support/bundled.ts';
import { emptyDirectory } from '../support/empty-directory.ts';

const trade = '{"ev":"T","sym":"A","p":1,"s":1,"t":1735828200000}\n';
/** The command as a process of its own: files, pipes and signals are those of the system. */
const command = bundled(bundleCommand);
const input = emptyDirectory(afterAll);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], stdin: 'ignore' | 'pipe' | number = 'ignore'): ChildProcess {
  return spawn(process.execPath, [command.path, 'replay', ...args, '--json'], { stdio: [stdin, 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('it has no pipes');
  const code = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const [out, err] = await Promise.all([text(stdout), stderr.destroyed ? '' : text(stderr)]);
  return { code: await code, out, err };
}

function pipe(name: string): string {
  const path = join(input, name);
  execFileSync('mkfifo', [path]);
  return path;
}

it('a pipe that nobody writes to ends with --for, and so does the process', async () => {
  const { code, out } = await ended(run([pipe('silent'), '--for', '200ms']));
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ received: 0, conserved: true })]);
});

it('a pipe that is written to is read to its end', async () => {
  const path = pipe('busy');
  const child = run([path]);
  // Opening waits for the reader.
  await writeFile(path, trade.repeat(3));
  expect(JSON.parse((await ended(child)).out)).toMatchObject({ received: 3, conserved: true });
});

it('a directory as standard input is an error', async () => {
  const { code, err } = await ended(run(['-'], openSync(input, 'r')));
  expect([code, err]).toEqual([1, expect.stringContaining('cannot read -: it is a directory')]);
});

it('the report is whole though nobody reads the messages beside it', async () => {
  const file = join(input, 'bad.ndjson');
  await writeFile(file, `${'no json\n'.repeat(50)}${trade}`);
  const child = run([file]);
  child.stderr?.destroy();
  const { code, out } = await ended(child);
  expect([code, JSON.parse(out)]).toEqual([1, expect.objectContaining({ received: 1, malformed: 50 })]);
});

it('a terminal that is gone drains the channels', async () => {
  const child = run(['-'], 'pipe');
  child.stdin?.write(`${trade}no json\n`);
  // What it says of the second line tells that it runs.
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  child.kill('SIGHUP');
  const { code, out } = await ended(child);
  expect([code, JSON.parse(out)]).toEqual([1, expect.objectContaining({ received: 1, conserved: true })]);
});

it('a module of the user that never loads is told', async () => {
  const [config, module] = [join(input, 'never.yaml'), join(input, 'never.mjs')];
  await writeFile(config, 'channels: { tick: {} }\n');
  await writeFile(module, 'await new Promise(() => {});\n');
  const args = [command.path, 'config', 'check', config, '--channels', module];
  const told = await ended(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  // Node 24 warns before it in words of its own.
  expect([told.code, told.err.split('\n').at(-2)]).toEqual([
    13,
    'sluice: a module waits for a promise that never settles',
  ]);
});
