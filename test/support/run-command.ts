import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../src/cli/program.ts';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, as from a shell without a terminal. */
export function runCommand(...args: readonly string[]): Promise<CommandEnd> {
  return runCommandOn(Readable.from([]), args);
}

/** The same with another standard input, and signals of the test. */
export async function runCommandOn(
  stdin: Readable,
  args: readonly string[],
  signals: EventEmitter = new EventEmitter(),
): Promise<CommandEnd> {
  const stdout = new PassThrough({ highWaterMark: 2 ** 24 });
  const stderr = new PassThrough({ highWaterMark: 2 ** 24 });
  const code = await run(args, { stdin, stdout, stderr, env: {}, signals, exit: () => {} });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}
