import { Worker } from 'node:worker_threads';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { Counters } from '../core/counters.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { DEFAULT_BUCKETS } from '../metrics/bucket-counts.ts';
import { checkedOptions, type MetricsOptions } from '../metrics/labels.ts';
import { readRouter } from '../metrics/reading.ts';
import { type DataChannelRouter, partsOf } from '../router/router.ts';
import type { Answer, Everything, Greeting, Question, Service, ThreadData } from './thread-link.ts';

/** How the thread serves metrics and health. */
export interface MetricsThreadOptions extends MetricsOptions {
  /** The address it listens on, such as `0.0.0.0` in a container. Default 127.0.0.1: only this computer. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `/metrics`. */
  readonly metricsPath?: string;
  /** Default `/health`. */
  readonly healthPath?: string;
  /**
   * Requests without it, as `?token=` or as `Authorization: Bearer`, are refused; false: everyone who reaches the port may
   * ask. Default: that of the inspector's page, which is random.
   */
  readonly token?: string | false;
  /** After how long without an answer the main thread counts as stuck, in ms. Default 1,000. */
  readonly stuckAfterMs?: number;
}

const threadOptions: OptionNames<MetricsThreadOptions> = {
  host: true,
  port: true,
  metricsPath: true,
  healthPath: true,
  token: true,
  labels: true,
  buckets: true,
  stuckAfterMs: true,
};

const CODE = new URL('./thread-worker.js', import.meta.url);

/**
 * Serves metrics and health from a thread that answers even while the main thread is stuck in a handler, and
 * reports that. The thread does not keep the process alive and ends with the router. Rejects with `SluiceError`
 * `invalid-option` if it cannot listen.
 */
export async function startMetricsThread(
  router: DataChannelRouter,
  service: Service,
  /** Hears what fails once the thread listens: from then on scrapes may fail, and the host goes on. */
  failed: (error: unknown) => void,
  /** Tests run from sources, which a worker cannot load. */
  code: URL = CODE,
) {
  const { everything, answer } = answersOf(router);
  const workerData: ThreadData = { ...service, first: everything() };
  const worker = new Worker(code, { workerData, name: 'sluice metrics', execArgv: [], env: {} });
  let isGreeted = false;
  const greeting = await new Promise<Greeting>((resolve) => {
    worker.on('message', (message: Question | Greeting) => {
      if (typeof message === 'string') worker.postMessage(answer(message));
      else hear(message);
    });
    worker.on('error', (error) => hear({ error: error.message }));
    // Only the first is waited for.
    const hear = (greeting: Greeting): void => {
      if (isGreeted && 'error' in greeting) failed(new Error(greeting.error));
      isGreeted = true;
      resolve(greeting);
    };
  });
  if ('error' in greeting) {
    await worker.terminate();
    const place = `${service.host}:${service.port}`;
    throw invalidOption(`the metrics thread cannot listen on ${place}: ${greeting.error}`);
  }
  worker.unref();
  const stop = async (): Promise<void> => void (await worker.terminate());
  router.actor.subscribe({ complete: () => void stop(), error: () => void stop() });
  const { host, healthPath, metricsPath, token } = service;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${greeting.port}`;
  // The addresses with the token.
  const query = token === false ? '' : `?token=${encodeURIComponent(token)}`;
  return { port: greeting.port, metricsUrl: url + metricsPath + query, healthUrl: url + healthPath + query, stop };
}

/** The options with their defaults. Throws `SluiceError` `invalid-option`. */
export function serviceOf(options: MetricsThreadOptions, pageToken: string): Service {
  checkOptions('thread', options, threadOptions);
  const { host = '127.0.0.1', port = 0, metricsPath = '/metrics', healthPath = '/health' } = options;
  const { token = pageToken, stuckAfterMs = 1_000, labels = {}, buckets = DEFAULT_BUCKETS } = options;
  const refuse = (what: string, got: unknown): never => {
    throw invalidOption(`thread: ${what}, got ${JSON.stringify(got)}`);
  };
  if (typeof host !== 'string' || host === '') refuse('host must be an address', host);
  if (!isPort(port)) refuse('port must be a whole number from 0 to 65535', port);
  for (const path of [metricsPath, healthPath]) {
    if (!/^\/[\w./~-]*$/.test(path))
      refuse('a path must begin with / and have only letters, digits and - _ . ~ /', path);
  }
  if (metricsPath === healthPath) refuse('metricsPath and healthPath must differ', metricsPath);
  if (token !== false && (typeof token !== 'string' || token === '')) refuse('token must be a string or false', token);
  if (!(stuckAfterMs > 0)) refuse('stuckAfterMs must be a number above 0', stuckAfterMs);
  const told = checkedOptions('thread', { labels, buckets });
  return { host, port, metricsPath, healthPath, token, stuckAfterMs, ...told };
}

/** A number that a port can have; 0 is any free port. */
export function isPort(port: unknown): boolean {
  return Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535;
}

/** Answers the thread's questions on the main thread. A beat sends everything only when channels came, went or were made anew. */
function answersOf(router: DataChannelRouter) {
  let sent: Everything['counters'] = {};
  const everything = (): Everything => {
    sent = countersOf(router);
    return { reading: readRouter(router), counters: sent };
  };
  const answer = (to: Question): Answer => {
    const health = router.health();
    return to === 'beat' && isSame(sent, countersOf(router)) ? { to, health } : { to, health, all: everything() };
  };
  return { everything, answer };
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
