import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const BINARY = '/usr/bin/prometheus';

/** Why tests with Prometheus are left out; undefined: they run. In CI the server must be there. */
export function whyWithoutPrometheus(): string | undefined {
  if (existsSync(BINARY)) return undefined;
  if (process.env.CI) throw new Error('prometheus is missing: apt-get install prometheus');
  return 'prometheus is not installed (apt-get install prometheus)';
}

/** One line of a graph: its labels, and its points as seconds since 1970 and values. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [at: number, value: string])[];
}

/** A server on a free port of the loopback that has scraped what it is given. */
export class PrometheusServer {
  readonly #url: string;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(url: string, directory: string, child: ChildProcess) {
    this.#url = url;
    this.#directory = directory;
    this.#process = child;
  }

  /** `scrapes`: samples with their times in ms, in Prometheus' text format. */
  static async startWith(scrapes: readonly string[]): Promise<PrometheusServer> {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'));
    const [file, data, config] = ['scrapes.txt', 'data', 'prometheus.yml'].map((name) => join(directory, name));
    if (file === undefined || data === undefined || config === undefined)
      throw new Error('three names give three paths');
    writeFileSync(file, `${scrapes.join('')}# EOF\n`);
    writeFileSync(config, '');
    execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, data], { stdio: 'pipe' });
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      BINARY,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        '--storage.tsdb.retention.time=100y',
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', (chunk) => {
        log += chunk;
        if (log.includes('Server is ready')) resolve();
      });
      child.once('exit', () => reject(new Error(`prometheus did not start:\n${log}`)));
    });
    return new PrometheusServer(`http://${address}`, directory, child);
  }

  /** A query at each step between two times, all in seconds. */
  async range(query: string, start: number, end: number, step: number): Promise<readonly Series[]> {
    const parameters = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` });
    const response = await fetch(`${this.#url}/api/v1/query_range`, { method: 'POST', body: parameters });
    const { data, error } = (await response.json()) as { data?: { result: Series[] }; error?: string };
    if (data === undefined) throw new Error(`${query}: ${error}`);
    return data.result;
  }

  async end(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
