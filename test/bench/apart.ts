import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Sample } from './case.ts';

/** What came of one measurement. */
export type Run = { readonly sample: Sample; readonly failure?: never } | { readonly failure: string };

/** What a process is asked. */
export type Request = 'measure' | 'finish';

/** A contestant in a process of its own. What is asked of it never rejects. */
export interface Apart {
  measure(): Promise<Run>;
  /** Waits for what is still out, and ends the process; undefined: nothing was wrong. */
  finish(): Promise<string | undefined>;
}

/** Opens a contestant of a case; `against` is the directory of the other build. */
export type Opener = (caseName: string, contestant: string, against?: string) => Promise<Apart>;

/**
 * With a heap whose young generation has the size that it grows to under load: from the first collections of a small one
 * V8 concluded in one of three processes that batches live long, and the bare loop then took three times as long in W2s.
 * Without the two collections that V8 makes once, some 8 s after the start, of what the start of a process left: they
 * take 20 to 80 ms, as much as hundreds of messages at a low rate.
 */
const HEAP = ['--expose-gc', '--min-semi-space-size=16', '--no-memory-reducer'];

/** A process that takes longer for an answer has hung. */
const ANSWER_MS_MAX = 60_000;

export const openApart: Opener = async (caseName, contestant, against = '') => {
  const program = fileURLToPath(new URL('child.js', import.meta.url));
  const child = fork(program, [caseName, contestant, against], { execArgv: HEAP });
  const ended = new AbortController();
  child.once('exit', (code, signal) => ended.abort(`ended without a result (${signal ?? code})`));
  let failure: string | undefined;
  const answer = async (): Promise<Run> => {
    if (failure !== undefined) return { failure };
    try {
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_MS_MAX)]);
      const answers: Run[] = await once(child, 'message', { signal });
      const run = answers[0] ?? { failure: 'an empty answer' };
      failure = run.failure;
      return run;
    } catch (error) {
      failure = ended.signal.aborted ? String(ended.signal.reason) : `no result: ${String(error)}`;
      return { failure };
    }
  };
  const ask = (request: Request): Promise<Run> => {
    if (child.connected) child.send(request);
    return answer();
  };
  await answer();
  onOneProcessor(child.pid);
  return {
    measure: () => ask('measure'),
    async finish() {
      await ask('finish');
      // A contestant may have left timers behind: nothing is left to wait for.
      child.kill('SIGKILL');
      return failure;
    },
  };
};

/** All main threads use the last processor, so that none is compared on a faster one. Not where there is no `taskset`. */
function onOneProcessor(pid: number | undefined): void {
  try {
    execFileSync('taskset', ['-pc', String(cpus().length - 1), String(pid)], { stdio: 'ignore' });
  } catch {
    // The ratios then differ more from turn to turn.
  }
}
