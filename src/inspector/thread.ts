import { Worker } from 'node:worker_threads';
import type { Counters } from '../core/counters.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { readRouter } from '../metrics/reading.ts';
import { type DataChannelRouter, partsOf } from '../router/router.ts';
import type { Answer, Everything, Greeting, Question, ThreadData } from './thread-link.ts';

/** How the thread serves. */
export interface MetricsThreadOptions {
  /** Requests without it, as `?token=` or as `Authorization: Bearer`, are refused. */
  readonly token: string;
  /** The port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number;
  /** After how long without an answer the main thread counts as stuck, in ms. Default 1,000. */
  readonly stuckAfterMs?: number;
}

/** A thread that serves `/metrics` and `/health`. */
export interface MetricsThread {
  readonly port: number;
  /** Without the token. */
  readonly url: string;
  stop(): Promise<void>;
}

const STUCK_AFTER_MS = 1_000;
const CODE = new URL('./thread-worker.js', import.meta.url);

/**
 * Serves `/metrics` and `/health` from a thread that answers even while the main thread is stuck in a handler, and
 * reports that. The thread does not keep the process alive and ends with the router. Rejects with `SluiceError`
 * `invalid-option` if it cannot listen.
 */
export async function startMetricsThread(
  router: DataChannelRouter,
  { token, port = 0, stuckAfterMs = STUCK_AFTER_MS }: MetricsThreadOptions,
  /** Tests run from sources, which a worker cannot load. */
  code: URL = CODE,
): Promise<MetricsThread> {
  const source = new AnswerSource(router);
  const workerData: ThreadData = { port, token, stuckAfterMs, first: source.everything() };
  const worker = new Worker(code, { workerData, name: 'sluice metrics', execArgv: [], env: {} });
  const greeting = await new Promise<Greeting>((resolve) => {
    worker.on('message', (message: Question | Greeting) => {
      if (typeof message === 'string') worker.postMessage(source.answer(message));
      else resolve(message);
    });
    // Once it listens, an error in it ends the thread and not the host: its scrapes fail from then on.
    worker.on('error', (error) => resolve({ error: error.message }));
  });
  if ('error' in greeting) {
    await worker.terminate();
    throw new SluiceError('invalid-option', `the metrics thread cannot listen on 127.0.0.1:${port}: ${greeting.error}`);
  }
  worker.unref();
  const stop = async (): Promise<void> => void (await worker.terminate());
  router.actor.subscribe({ complete: () => void stop(), error: () => void stop() });
  return { port: greeting.port, url: `http://127.0.0.1:${greeting.port}`, stop };
}

/** Answers the thread's questions on the main thread. */
class AnswerSource {
  readonly #router: DataChannelRouter;
  #sent: Everything['counters'] = {};

  constructor(router: DataChannelRouter) {
    this.#router = router;
  }

  /** A beat sends everything only when channels came, went or were made anew by a reload. */
  answer(to: Question): Answer {
    const health = this.#router.health();
    return to === 'beat' && isSame(this.#sent, countersOf(this.#router))
      ? { to, health }
      : { to, health, all: this.everything() };
  }

  everything(): Everything {
    this.#sent = countersOf(this.#router);
    return { reading: readRouter(this.#router), counters: this.#sent };
  }
}

/** The counters of each channel, by partition. They are in shared memory: they go on counting. */
function countersOf(router: DataChannelRouter): Everything['counters'] {
  const { channels } = partsOf(router).fleet;
  return Object.fromEntries(
    [...channels].map(([name, { partitions }]) => [name, partitions.map(({ lane }) => lane.counters)]),
  );
}

/** Whether these are the same counters, not only the same counts. */
function isSame(before: Everything['counters'], now: Everything['counters']): boolean {
  const all = (counters: Everything['counters']): readonly Counters[] => Object.values(counters).flat();
  const [old, present] = [all(before), all(now)];
  return old.length === present.length && old.every((counters, index) => counters === present[index]);
}
