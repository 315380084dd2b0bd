import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A terminal of a test, without any input. */
export function terminalWith(parts: Partial<Terminal> = {}): Terminal {
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  return { stdin: Readable.from([]), ...outputs, env: {}, signals: new EventEmitter(), exit: () => {}, ...parts };
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
  const code = await run(args, terminalWith({ stdin, stdout, stderr, signals }));
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}
