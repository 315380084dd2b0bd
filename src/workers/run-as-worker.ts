import { checkOptions } from '../config/options.ts';
import { errorText } from '../core/error-text.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { type Readable, readRouter } from '../metrics/reading.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { QUESTION, type WorkerAnswer } from './worker-link.ts';

/** How a worker ends. */
export interface AsWorkerOptions {
  /** How long the router may drain; 8,000 ms by default, and less than `stopMs` of `runWorkers`. */
  readonly deadlineMs?: number;
  /** Called after the router was stopped: close here what keeps the process alive, such as connections. */
  readonly close?: () => unknown;
}

/**
 * Makes this process a worker: it tells its metrics and health to the process that started it, and stops the router on
 * SIGTERM, on SIGINT and when that process is gone. Without such a process only the signals count.
 */
export function runAsWorker(router: Readable & Pick<DataChannelRouter, 'stop'>, options: AsWorkerOptions = {}): void {
  checkOptions('runAsWorker', options, { deadlineMs: true, close: true });
  const { deadlineMs = 8_000, close } = options;
  if (!(deadlineMs >= 0)) throw invalidOption(`deadlineMs must be a number from 0, got ${String(deadlineMs)}`);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    try {
      const { onTime } = await router.stop({ deadlineMs });
      if (!onTime) process.exitCode = 1;
      await close?.();
    } catch (error) {
      process.stderr.write(`the worker did not stop as it should: ${errorText(error)}\n`);
      process.exitCode = 1;
    }
    answer();
    // The channel would keep the process alive.
    if (process.connected) process.disconnect();
  };
  const answer = (): void => {
    const said: WorkerAnswer = { kind: 'sluice.reading', reading: readRouter(router) };
    // Nobody listens any more when the other process has just died.
    if (process.connected) process.send?.(said, undefined, undefined, () => {});
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => void stop());
  process.on('message', (message) => {
    if (message === QUESTION) answer();
  });
  answer();
  // It was gone before this process became its worker.
  if (process.connected === false) void stop();
}
