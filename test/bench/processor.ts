import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

const TRIED_MAX = 8;
const SPIN =
  'const at=performance.now();for(let i=0,x=0;i<5e7;i++)x=(x*31+i)|0;process.stdout.write(String(performance.now()-at))';

/** The processor on which a loop takes least time now; undefined where there is no `taskset` to choose one. */
export function fastestProcessor(): number | undefined {
  const spin = (_: unknown, processor: number): number =>
    Number(taskset(['-c', String(processor), process.execPath, '-e', SPIN]));
  const times = cpus().slice(0, TRIED_MAX).map(spin);
  const fastest = times.indexOf(Math.min(...times));
  return fastest < 0 ? undefined : fastest;
}

/** Moves the main thread of a process to a processor, and none of its others. */
export function pin(pid: number | undefined, processor: number | undefined): void {
  if (processor !== undefined) taskset(['-pc', String(processor), String(pid)]);
}

/** What it prints; undefined: it is not there, or may not. */
function taskset(args: readonly string[]): string | undefined {
  try {
    return execFileSync('taskset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
