import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundleCommand } from '../support/bundle.ts';
import { bundled } from '../support/bundled.ts';

const command = bundled(bundleCommand);
const module = bundled('test/support/worker-module.ts');

/** The command as a process of its own. Its error output ends when the last worker has ended too. */
function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [command.path, 'workers', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const output = createInterface({ input: child.stderr });
  const heard = (pattern: RegExp, count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (lines.filter((line) => pattern.test(line)).length >= count) resolve();
      };
      output.on('line', look);
      look();
    });
  output.on('line', (line) => lines.push(line));
  // Workers have the standard output of the command, and nobody else has it.
  const allEnded = once(child.stdout.resume(), 'end');
  return { child, lines, heard, allEnded, exited: once(child, 'exit') };
}

describe('sluice workers', () => {
  it('on SIGTERM lets all drain and ends with 0', async () => {
    const { child, heard, exited, allEnded } = run('2', module.path, '--port', '0');
    await heard(/^worker \d runs/, 2);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    await allEnded;
  });

  it('on SIGTERM while its workers wait for their broker says so and ends with 0', async () => {
    const { child, lines, heard, exited, allEnded } = run('2', module.path, '--port', '0', '--', 'waits');
    await heard(/^metrics and health/, 1);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    await allEnded;
    expect(lines.filter((line) => /^worker \d was stopped before it called runAsWorker/.test(line))).toHaveLength(2);
  });

  const beginnings = [['none', /^worker \d runs/] as const, ['orphaned', /^metrics/] as const];
  it.each(beginnings)('when it is killed itself, its workers drain and end: %s', async (flaw, started) => {
    const { child, heard, allEnded } = run('1', module.path, '--port', '0', '--', flaw);
    await heard(started, 1);
    child.kill('SIGKILL');
    await allEnded;
  });

  it('ends with 1 and says why when a worker ends again and again', async () => {
    const { lines, exited } = run('1', module.path, '--', 'fails');
    expect(await exited).toEqual([1, null]);
    expect(lines.at(-1)).toMatch(
      /^sluice: worker 0 of .* ended 6 times within 60000 ms, which is more than 5; the last time: exit code 1: Error: the broker is not there$/,
    );
  });

  it.each([
    [['0', 'x.js'], 2, /Allowed: a whole number from 1 to 256/],
    [['2'], 2, /missing required argument 'MODULE'/],
    [['2', 'x.js', '--buckets', '1,x'], 1, /runWorkers: buckets must be numbers from 0.000001 to 2147, got NaN/],
    [['2', 'nowhere.js'], 1, /^sluice: module .*nowhere\.js does not exist$/m],
  ])('with %j ends with %i', async (args, code, text) => {
    const { lines, exited } = run(...args);
    expect(await exited).toEqual([code, null]);
    expect(lines.join('\n')).toMatch(text);
  });
});
