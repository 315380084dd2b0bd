import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

/** The program of that name, or the one that the variable names; undefined: there is none. */
export function programOf(name: string, variable: string): string | undefined {
  const { PATH = '', [variable]: named } = process.env;
  const paths = [...PATH.split(delimiter), '/usr/sbin'].map((directory) => join(directory, name));
  return [named, ...paths].find((path) => path !== undefined && existsSync(path));
}

/** Why tests with a program are left out; undefined: they run. In CI the program must be there. */
export function whyWithout(program: string | undefined, name: string, cure: string): string | undefined {
  if (program !== undefined) return undefined;
  if (process.env.CI) throw new Error(`${name} is missing: ${cure}`);
  return `${name} is not installed (${cure})`;
}

/** Runs a program until it ends, or until standard input does: then it is killed, with its group. */
const WITH_PARENT = 'exec 3<&0; (read _ <&3; kill -9 0) >&- 2>&- & exec "$@" 3<&-';

/** A server of one's own, with its files in a directory that goes with it. */
export class ServerProcess {
  /** In a group of its own: Ctrl-C in a terminal does not reach it, and it ends with this process, however that ends. */
  static isApart = false;
  readonly directory: string;
  #process: ChildProcess | undefined;

  constructor(name: string) {
    this.directory = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  }

  /** Resolves when the server has written `ready`. */
  async launch(program: string, args: readonly string[], ready: string, user: object = {}): Promise<void> {
    const watched = ServerProcess.isApart ? ['sh', '-c', WITH_PARENT, 'sh'] : [];
    const [file = program, ...rest] = [...watched, program, ...args];
    const child = spawn(file, rest, { ...user, stdio: 'pipe', detached: ServerProcess.isApart });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      const note = (chunk: unknown): void => {
        if (!log.includes(ready)) log += chunk;
        if (log.includes(ready)) resolve();
      };
      for (const output of [child.stdout, child.stderr]) output.on('data', note);
      child.once('exit', () => reject(new Error(`${basename(program)} did not start:\n${log}`)));
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): void {
    this.#process?.kill(signal);
  }

  async end(signal?: NodeJS.Signals): Promise<void> {
    await this.kill(signal);
    // Redis writes its log anew in a process of its own, which ends a moment later.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }
}
