import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from './free-port.ts';

/** The server of Debian's package `nats-server`, or the one that `NATS_SERVER_BIN` names; undefined: there is none. */
function natsServerBinary(): string | undefined {
  const { NATS_SERVER_BIN, PATH = '' } = process.env;
  const paths = [...PATH.split(delimiter), '/usr/sbin'].map((directory) => join(directory, 'nats-server'));
  return [NATS_SERVER_BIN, ...paths].find((path) => path !== undefined && existsSync(path));
}

/** Why tests with NATS are left out; undefined: they run. In CI the server must be there. */
export function whyWithoutNats(): string | undefined {
  if (natsServerBinary() !== undefined) return undefined;
  if (process.env.CI) throw new Error('nats-server is missing: apt-get install nats-server');
  return 'nats-server is not installed (apt-get install nats-server, or NATS_SERVER_BIN)';
}

/** A server of one's own on a free port of the loopback, with its files in a directory that goes with it. */
export class NatsServer {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'sluice-nats-'));
  readonly #connections: NatsConnection[] = [];
  readonly #config: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /** With JetStream, unless the text of a configuration says otherwise. */
  static async start(config = 'jetstream {}'): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), config);
    await server.run();
    return server;
  }

  /** Starts it again after `kill`, on the same files. */
  async run(): Promise<void> {
    const file = join(this.#directory, 'server.conf');
    writeFileSync(file, this.#config);
    const args = ['-c', file, '-a', '127.0.0.1', '-p', String(this.port), '-sd', this.#directory];
    const child = spawn(natsServerBinary() ?? 'nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', (chunk) => {
        log += chunk;
        if (log.includes('Server is ready')) resolve();
      });
      child.once('exit', () => reject(new Error(`nats-server did not start:\n${log}`)));
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  async connect(user: { readonly user?: string; readonly pass?: string } = {}): Promise<NatsConnection> {
    const servers = `127.0.0.1:${this.port}`;
    const options = { servers, reconnectTimeWait: 100, maxReconnectAttempts: -1, ...user };
    const connection = await connect(options);
    this.#connections.push(connection);
    return connection;
  }

  async end(): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
