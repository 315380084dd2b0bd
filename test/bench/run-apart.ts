import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Sample } from './case.ts';
import { fastestProcessor, pin } from './processor.ts';

/** What came of one measurement. */
export type Run = { readonly sample: Sample } | { readonly failure: string };

/** What a process is asked. */
export type Request = 'measure' | 'finish';

/** A contestant in a process of its own. What is asked of it never rejects. */
export interface Apart {
  measure(): Promise<Run>;
  /** Waits for what is still out, and ends the process; undefined: nothing was wrong. */
  finish(): Promise<string | undefined>;
}

/** What takes longer has hung. */
const ANSWER_MS_MAX = 60_000;

/** Opens a contestant of a case in a process of its own. */
export type Opener = (caseName: string, contestant: string) => Promise<Apart>;

/** For the contestants of one round: they share the processor that is the fastest now. */
export function openerOfRound(): Opener {
  const processor = fastestProcessor();
  return (caseName, contestant) => openApart(caseName, contestant, processor);
}

/** Opens a contestant where neither heap nor compiled code of another one is in its way. */
async function openApart(caseName: string, contestant: string, processor: number | undefined): Promise<Apart> {
  const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), [caseName, contestant], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  let failure: string | undefined;
  let settle: (run: Run) => void = () => {};
  child.stderr?.on('data', (text: Buffer) => {
    errors = `${errors}${text.toString()}`.slice(-2_000);
  });
  child.on('message', (run: Run) => {
    if ('failure' in run) failure = run.failure;
    settle(run);
  });
  const fail = (why: string): void => {
    failure ??= why;
    settle({ failure });
  };
  // It may have ended just when it is asked.
  child.on('error', ({ message }) => fail(message));
  child.on('close', (code, signal) => fail(`ended without a result (${signal ?? code}): ${errors.trim()}`));
  const answered = (ask: () => void): Promise<Run> =>
    new Promise((resolve) => {
      if (failure !== undefined) return resolve({ failure });
      const timer = setTimeout(() => {
        failure = `no result within ${ANSWER_MS_MAX / 1_000} s`;
        child.kill('SIGKILL');
      }, ANSWER_MS_MAX);
      settle = (run) => {
        clearTimeout(timer);
        resolve(run);
      };
      ask();
    });
  await answered(() => {});
  pin(child.pid, processor);
  return {
    measure: () => answered(() => child.send('measure' satisfies Request)),
    async finish() {
      await answered(() => child.send('finish' satisfies Request));
      const verdict = failure;
      // One that failed may be at anything.
      child.kill('SIGKILL');
      return verdict;
    },
  };
}
