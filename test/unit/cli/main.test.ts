import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { textOf } from '../../support/project-files.ts';

const written = { stdout: '', stderr: '' };
const argv = process.argv;

/** Runs the file that the command `sluice` starts, in this process. */
async function sluice(...args: readonly string[]): Promise<void> {
  process.argv = ['node', 'sluice', ...args];
  vi.resetModules();
  await import('../../../src/cli/main.ts');
}

beforeEach(() => {
  for (const name of ['stdout', 'stderr'] as const) {
    written[name] = '';
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
  }
});

afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
  process.stdout.removeAllListeners('error');
  process.stderr.removeAllListeners('error');
  vi.restoreAllMocks();
});

describe('the process of the command', () => {
  it('writes to its own output and ends by itself with the exit code', async () => {
    await sluice('--version');
    const { version } = JSON.parse(textOf('package.json'));
    expect([written.stdout, written.stderr, process.exitCode]).toEqual([`${version}\n`, '', 0]);
    await sluice('--nonsense');
    expect([written.stderr.includes("unknown option '--nonsense'"), process.exitCode]).toEqual([true, 2]);
  });

  it('says nothing of a reader that left, and tells of any other trouble with its output', async () => {
    await sluice('--version');
    process.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect([written.stderr, process.exitCode]).toEqual(['', 0]);
    process.stdout.emit('error', Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    expect(written.stderr).toBe('sluice: cannot write the output: no space left on device\n');
    expect(process.exitCode).toBe(1);
  });

  it('drains at the first Ctrl-C, and ends at once at the second', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
    const running = sluice('replay', '--for', '1h', '--json');
    while (process.listenerCount('SIGINT') === 0) await new Promise((resolve) => setImmediate(resolve));
    process.emit('SIGINT');
    expect(exit).not.toHaveBeenCalled();
    process.emit('SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
    // Had it not been a test, nobody would hear the rest.
    await running;
    expect(JSON.parse(written.stdout)).toMatchObject({ conserved: true });
  });

  it('keeps the log out of its output, and leaves no handler of signals behind', async () => {
    const before = ['SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal));
    await sluice('replay', '--limit', '1', '--speed', 'max', '--json', '--log', 'error');
    expect(JSON.parse(written.stdout)).toMatchObject({ received: 1, conserved: true });
    expect(['SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal))).toEqual(before);
  });
});
