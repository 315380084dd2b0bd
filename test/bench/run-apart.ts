import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Sample } from './case.ts';

/** What came of one run. */
export type Run = { readonly sample: Sample } | { readonly failure: string };

/** A run that takes longer has hung. */
const RUN_MS_MAX = 60_000;

/** Runs a contestant in a process of its own, so that neither heap nor compiled code of another one is in its way. */
export function runApart(caseName: string, contestant: string): Promise<Run> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), [caseName, contestant], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    let run: Run | undefined;
    child.stderr?.on('data', (text: Buffer) => {
      errors = `${errors}${text.toString()}`.slice(-2_000);
    });
    child.on('message', (message: Run) => {
      run = message;
    });
    const timer = setTimeout(() => {
      run = { failure: `no result within ${RUN_MS_MAX / 1_000} s` };
      child.kill('SIGKILL');
    }, RUN_MS_MAX);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(run ?? { failure: `ended without a result (${signal ?? code}): ${errors.trim()}` });
    });
  });
}
