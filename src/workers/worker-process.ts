import { type ChildProcess, fork } from 'node:child_process';
import { pause } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { RestartLimit, type RestartLimits } from '../core/restart-limit.ts';
import type { Reading } from '../metrics/reading.ts';
import { isAnswer, QUESTION } from './worker-link.ts';

/** What a worker is run with. */
export interface WorkerParts {
  readonly module: string;
  readonly args: readonly string[];
  readonly restart: RestartLimits;
  readonly clock: Clock;
  readonly tell: (text: string) => void;
  /** Hears the last reading of a process before the next one is started. */
  readonly replaced: (reading: Reading) => void;
  /** It failed too often; says how. */
  readonly gaveUp: (why: string) => void;
}

/** `starting`: it has not said that it is a worker yet; `waiting`: for its restart. */
export type WorkerState = 'starting' | 'running' | 'waiting' | 'stopping' | 'ended';

/** A worker that has not answered for so long is asked no longer for the same reading. */
const PATIENCE_MS = 1_000;
/** After the end of a process, for the rest of what it wrote. */
const LAST_WORDS_MS = 500;

/** One worker: a process, and the next one when it has ended. */
export class WorkerProcess {
  readonly number: number;
  readonly #parts: WorkerParts;
  readonly #limit = new RestartLimit();
  readonly #over = new AbortController();
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  state: WorkerState = 'starting';
  #since: number;
  restarts = 0;
  /** As it last answered; undefined: this process has not. */
  reading: Reading | undefined;
  /** When the question was asked that is open. */
  #askedAt: number | undefined;
  readonly #answers: NextChange;
  /** How the last process ended, in words; empty: none did. */
  lastExit = '';
  #lastError = '';
  #isWell = true;

  constructor(number: number, parts: WorkerParts) {
    this.number = number;
    this.#parts = parts;
    this.#answers = new NextChange(parts.clock);
    this.#since = parts.clock.now();
  }

  get sinceMs(): number {
    return this.#parts.clock.now() - this.#since;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How long it has left a question open. */
  get silentMs(): number {
    return this.#askedAt === undefined ? 0 : this.#parts.clock.now() - this.#askedAt;
  }

  start(): void {
    const { module, args, replaced, tell } = this.#parts;
    this.#enter('starting');
    if (this.reading !== undefined) replaced(this.reading);
    this.reading = undefined;
    this.#lastError = '';
    const child = fork(module, args, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.#child = child;
    child.on('message', (message) => {
      if (!isAnswer(message)) return;
      this.reading = message.reading;
      if (this.state === 'starting') {
        this.#enter('running');
        tell(`worker ${this.number} runs as process ${child.pid}`);
      }
      this.#heard();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.#lastError = /^\w*Error\b.*$/m.exec(chunk.toString())?.[0] ?? this.#lastError;
    });
    this.#ended = this.#watch(child);
  }

  /** Asks for a fresh reading; resolves when it is there, or takes too long. */
  async ask(): Promise<void> {
    const { clock } = this.#parts;
    const child = this.#child;
    if (child?.connected !== true || this.state !== 'running') return;
    if (this.silentMs >= PATIENCE_MS) return;
    this.#askedAt ??= clock.now();
    // It may have ended a moment ago; then its end is heard of.
    child.send(QUESTION, () => {});
    await this.#answers.wait(PATIENCE_MS);
  }

  /** Ends it within so long. True: it ended by itself, with exit code 0. */
  async stop(withinMs: number): Promise<boolean> {
    this.#over.abort();
    const child = this.#child;
    if (child === undefined || this.state === 'ended') return this.#isWell;
    this.#enter('stopping');
    child.kill('SIGTERM');
    const isOver = new AbortController();
    const ended = this.#ended.then(() => isOver.abort());
    await pause(this.#parts.clock, withinMs, isOver.signal);
    if (!isOver.signal.aborted) {
      this.#parts.tell(`worker ${this.number} has not ended within ${withinMs} ms, and is killed`);
      child.kill('SIGKILL');
    }
    await ended;
    return this.#isWell;
  }

  async #watch(child: ChildProcess): Promise<void> {
    const exit = await new Promise<string>((resolve) => {
      child.on('error', ({ message }) => {
        // Later ones are of a signal that could not be sent: the process runs on, and its end is heard of.
        if (child.pid === undefined) resolve(`it could not be started: ${message}`);
        else this.#parts.tell(`worker ${this.number}: ${message}`);
      });
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`));
    });
    const isClosed = new AbortController();
    child.once('close', () => isClosed.abort());
    if (child.stderr?.closed !== true) await pause(this.#parts.clock, LAST_WORDS_MS, isClosed.signal);
    this.#child = undefined;
    const isStopped = this.#over.signal.aborted;
    // It is no worker yet: perhaps it waits for its broker, and has read nothing.
    const isEarly = this.reading === undefined && exit === (isStopped ? 'killed by SIGTERM' : 'exit code 0');
    const said = isEarly ? `${exit}, before it called runAsWorker` : exit;
    this.lastExit = this.#lastError === '' ? said : `${said}: ${this.#lastError}`;
    this.#heard();
    if (!isStopped) return this.#failed();
    if (isEarly)
      this.#parts.tell(`worker ${this.number} was stopped before it called runAsWorker: it had not started yet`);
    this.#isWell = isEarly || exit === 'exit code 0';
    this.#enter('ended');
  }

  #failed(): void {
    const { clock, restart, tell, gaveUp, module } = this.#parts;
    const isTolerated = this.#limit.failed(restart, clock.now());
    const said = `worker ${this.number} ended (${this.lastExit})`;
    if (!isTolerated) {
      this.#isWell = false;
      this.#enter('ended');
      const count = this.#limit.lately(restart.withinMs, clock.now());
      const often = `ended ${count} times within ${restart.withinMs} ms, which is more than ${restart.limit}`;
      return gaveUp(`worker ${this.number} of ${module} ${often}; the last time: ${this.lastExit}`);
    }
    const waitMs = Math.max(0, this.#limit.at - clock.now());
    tell(`${said}; it is started again in ${Math.round(waitMs)} ms`);
    this.#enter('waiting');
    void pause(clock, waitMs, this.#over.signal).then(() => {
      if (this.#over.signal.aborted) return this.#enter('ended');
      this.restarts += 1;
      this.start();
    });
  }

  /** It answered, or never will. */
  #heard(): void {
    this.#askedAt = undefined;
    this.#answers.notify();
  }

  #enter(state: WorkerState): void {
    this.state = state;
    this.#since = this.#parts.clock.now();
  }
}
