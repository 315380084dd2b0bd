import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess, whyWithout } from './server-process.ts';

const BINARY = '/usr/bin/prometheus';

/** Why tests with Prometheus are left out; undefined: they run. */
export function whyWithoutPrometheus(): string | undefined {
  return whyWithout(existsSync(BINARY) ? BINARY : undefined, 'prometheus', 'apt-get install prometheus');
}

/** One line of a graph: its labels, and its points as seconds since 1970 and values. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [at: number, value: string])[];
}

/** A server on a free port of the loopback that has scraped what it is given. */
export class PrometheusServer extends ServerProcess {
  readonly #url: string;

  private constructor(address: string) {
    super('prometheus');
    this.#url = `http://${address}`;
  }

  /** `scrapes`: samples with their times in ms, in Prometheus' text format. */
  static async startWith(scrapes: readonly string[]): Promise<PrometheusServer> {
    const address = `127.0.0.1:${await freePort()}`;
    const server = new PrometheusServer(address);
    const pathOf = (name: string): string => join(server.directory, name);
    writeFileSync(pathOf('scrapes.txt'), `${scrapes.join('')}# EOF\n`);
    writeFileSync(pathOf('prometheus.yml'), '');
    const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', pathOf('scrapes.txt'), pathOf('data')];
    execFileSync('promtool', blocks, { stdio: 'pipe' });
    const storage = [`--storage.tsdb.path=${pathOf('data')}`, '--storage.tsdb.retention.time=100y'];
    const args = [`--config.file=${pathOf('prometheus.yml')}`, ...storage, `--web.listen-address=${address}`];
    await server.launch(BINARY, args, 'Server is ready');
    return server;
  }

  /** A query at each step between two times, all in seconds. */
  async range(query: string, start: number, end: number, step: number): Promise<readonly Series[]> {
    const parameters = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` });
    const response = await fetch(`${this.#url}/api/v1/query_range`, { method: 'POST', body: parameters });
    const { data, error } = (await response.json()) as { data?: { result: Series[] }; error?: string };
    if (data === undefined) throw new Error(`${query}: ${error}`);
    return data.result;
  }

  override end(): Promise<void> {
    return super.end('SIGTERM');
  }
}
