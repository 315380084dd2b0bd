import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSystemClock } from '../adapters/system-clock.ts';
import { checkOptions } from '../config/options.ts';
import type { RestartLimits } from '../core/restart-limit.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import { listen, portOf } from '../inspector/http.ts';
import { loadPage, workersFiles } from '../inspector/page-files.ts';
import { createThreadServer } from '../inspector/thread-server.ts';
import type { WorkersView } from '../inspector/workers-view.ts';
import { checkBuckets, DEFAULT_BUCKETS } from '../metrics/bucket-counts.ts';
import { family } from '../metrics/prometheus.ts';
import type { Reading } from '../metrics/reading.ts';
import { JoinedClusters } from './joined-clusters.ts';
import { Sums } from './sums.ts';
import { WorkerProcess } from './worker-process.ts';
import { type WorkersHealth, workersHealth } from './workers-health.ts';

/** What is run, and how often. */
export interface WorkersOptions {
  /** The module of the host, which calls `runAsWorker`: a path or a URL of a file. */
  readonly module: string | URL;
  /** How many processes run it, 1 to 256. */
  readonly workers: number;
  /** Arguments of the module, for every process the same. */
  readonly args?: readonly string[];
  /** As `restart` of a channel, for each worker: 5 restarts within 60,000 ms, after 100 ms to 30,000 ms, by default. */
  readonly restart?: Partial<RestartLimits>;
  /** How long a process may take to end before it is killed; 10,000 ms by default. */
  readonly stopMs?: number;
  /** Serves `/metrics` and `/health` of all, and a page about them at `/`; by default nothing is served. */
  readonly serve?: ServeOptions;
  /** The upper limits of the buckets of histograms, as in `MetricsOptions`. */
  readonly buckets?: readonly number[];
  /** Hears in a sentence what becomes of each process. */
  readonly onEvent?: (text: string) => void;
}

/** Where metrics and health are served, and to whom. */
export interface ServeOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1: only this computer. */
  readonly host?: string;
  /** Requests must have it, as `?token=` or `Authorization: Bearer`; false, the default: everyone who reaches the port may ask. */
  readonly token?: string | false;
}

const RESTART: RestartLimits = { limit: 5, withinMs: 60_000, delayMs: 100, delayMsMax: 30_000 };
const WORKERS_MAX = 256;
const UP = { name: 'worker.up', type: 'gauge', unit: '', help: '1: the worker runs.' } as const;
const RESTARTS = { name: 'worker.restarts', type: 'counter', unit: '', help: 'Restarts of the worker.' } as const;

/** Runs the module in several processes. Rejects with `SluiceError` `invalid-option`, and then none was started. */
export async function runWorkers(options: WorkersOptions): Promise<Workers> {
  const checked = checkedOptions(options);
  const workers = new Workers(checked);
  if (options.serve !== undefined) await workers.serve(options.serve);
  workers.start();
  return workers;
}

type Checked = Required<Omit<WorkersOptions, 'serve' | 'module' | 'restart'>> & {
  readonly module: string;
  readonly restart: RestartLimits;
};

/** Processes that run the same module. */
export class Workers {
  readonly #options: Checked;
  readonly #clock = createSystemClock();
  readonly #workers: readonly WorkerProcess[];
  readonly #sums: Sums;
  readonly #clusters = new JoinedClusters();
  #server: Server | undefined;
  #gaveUp: string | undefined;
  #stopped: Promise<boolean> | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  /** Resolves after `stop`. Rejects with `SluiceError` `refused` when a worker was given up; the others were stopped. */
  readonly ended: Promise<void> = new Promise((resolve, reject) => {
    this.#settle = { resolve, reject };
  });

  /** @internal */
  constructor(options: Checked) {
    this.#options = options;
    this.#sums = new Sums(options.buckets);
    const { module, args, restart, onEvent: tell } = options;
    const gaveUp = (why: string): void => {
      this.#gaveUp ??= why;
      void this.stop();
    };
    const replaced = (reading: Reading): void => this.#sums.keep(reading);
    const parts = { module, args, restart, clock: this.#clock, tell, replaced, gaveUp };
    this.#workers = Array.from({ length: options.workers }, (_, number) => new WorkerProcess(number, parts));
  }

  /** @internal */
  start(): void {
    for (const worker of this.#workers) worker.start();
  }

  /** @internal */
  async serve({ port = 0, host = '127.0.0.1', token = false }: ServeOptions): Promise<void> {
    const service = { host, port, token, metricsPath: '/metrics', healthPath: '/health' };
    const page = { files: loadPage(workersFiles), state: () => this.#view() };
    const watch = { metrics: () => this.metrics(), health: () => this.health(), page };
    const server = createThreadServer(watch, service);
    await listen(server, 'runWorkers', port, host);
    server.on('error', () => {});
    this.#server = server;
  }

  /** Where metrics and health are served; undefined: nowhere. */
  get port(): number | undefined {
    return this.#server && portOf(this.#server);
  }

  /**
   * The metrics of all workers as Prometheus reads them: counters and histograms are summed, also over restarts; gauges
   * that count are summed, of ages the largest one counts; states, flags and ratios have the label `worker`.
   */
  async metrics(): Promise<string> {
    await this.#refresh();
    const told = this.#workers.map(({ number, reading, state }) => {
      return { number, reading, isAlive: state === 'running' || state === 'stopping' };
    });
    const samples = (of: (worker: WorkerProcess) => number) =>
      this.#workers.map((worker) => ({ labels: { worker: String(worker.number) }, value: of(worker) }));
    const isUp = samples(({ state }) => Number(state === 'running'));
    const restarts = samples((worker) => worker.restarts);
    return this.#sums.text(told) + family(UP, isUp) + family(RESTARTS, restarts);
  }

  async health(): Promise<WorkersHealth> {
    await this.#refresh();
    return workersHealth(this.#workers, this.#stopped === undefined);
  }

  /** Lets every worker drain. True: each ended in time by itself, with exit code 0. */
  stop(): Promise<boolean> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<boolean> {
    const outcomes = await Promise.all(this.#workers.map((worker) => worker.stop(this.#options.stopMs)));
    this.#server?.close();
    this.#server?.closeAllConnections();
    if (this.#gaveUp === undefined) this.#settle?.resolve();
    else this.#settle?.reject(new SluiceError('refused', this.#gaveUp));
    return outcomes.every(Boolean);
  }

  async #view(): Promise<WorkersView> {
    const health = await this.health();
    const oldestFirst = [...this.#workers]
      .filter(({ state }) => state === 'running')
      .sort((a, b) => b.sinceMs - a.sinceMs);
    return {
      at: this.#clock.wallTime(),
      health,
      totals: this.#workers.map(({ reading }) => totalsOf(reading)),
      clusters: this.#clusters.join(oldestFirst.flatMap(({ reading }) => reading ?? [])),
    };
  }

  async #refresh(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ask()));
  }
}

function totalsOf(reading: Reading | undefined) {
  const channels = Object.values(reading?.metrics.channels ?? {});
  const sum = (key: 'delivered' | 'buffered'): number => channels.reduce((total, each) => total + each[key], 0);
  return { delivered: sum('delivered'), waiting: sum('buffered') };
}

function checkedOptions(options: WorkersOptions): Checked {
  checkOptions('runWorkers', options, {
    module: true,
    workers: true,
    args: true,
    restart: true,
    stopMs: true,
    serve: true,
    buckets: true,
    onEvent: true,
  });
  const { workers, args = [], stopMs = 10_000, onEvent = () => {} } = options;
  const buckets = checkBuckets('runWorkers', options.buckets ?? DEFAULT_BUCKETS);
  const restart = { ...RESTART, ...options.restart };
  const file = options.module instanceof URL ? fileURLToPath(options.module) : resolve(String(options.module));
  checkOptions('runWorkers.restart', restart, { limit: true, withinMs: true, delayMs: true, delayMsMax: true });
  checkOptions('runWorkers.serve', options.serve ?? {}, { port: true, host: true, token: true });
  if (!existsSync(file)) throw invalidOption(`module ${file} does not exist`);
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX)
    throw invalidOption(`workers must be a whole number from 1 to ${WORKERS_MAX}, got ${workers}`);
  for (const [name, value] of Object.entries({ ...restart, stopMs })) {
    if (!(typeof value === 'number' && value >= 0))
      throw invalidOption(`${name} must be a number from 0, got ${String(value)}`);
  }
  return { module: file, workers, args, stopMs, onEvent, buckets, restart };
}
