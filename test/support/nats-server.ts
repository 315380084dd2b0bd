import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from './free-port.ts';
import { programOf, ServerProcess, whyWithout } from './server-process.ts';

const program = programOf('nats-server', 'NATS_SERVER_BIN');

/** Why tests with NATS are left out; undefined: they run. */
export function whyWithoutNats(): string | undefined {
  return whyWithout(program, 'nats-server', 'apt-get install nats-server, or NATS_SERVER_BIN');
}

/** A server on a free port of the loopback. */
export class NatsServer extends ServerProcess {
  readonly port: number;
  readonly #connections: NatsConnection[] = [];
  readonly #config: string;

  private constructor(port: number, config: string) {
    super('nats');
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
    const file = join(this.directory, 'server.conf');
    writeFileSync(file, this.#config);
    const args = ['-c', file, '-a', '127.0.0.1', '-p', String(this.port), '-sd', this.directory];
    await this.launch(program ?? 'nats-server', args, 'Server is ready');
  }

  /** From now on it has this configuration; the directory of JetStream cannot be changed. */
  reload(config: string): void {
    const store = `jetstream { store_dir: "${this.directory}"`;
    writeFileSync(join(this.directory, 'server.conf'), config.replace('jetstream {', store));
    this.signal('SIGHUP');
  }

  async connect(user: Pick<ConnectionOptions, 'user' | 'pass' | 'ignoreAuthErrorAbort'> = {}): Promise<NatsConnection> {
    const servers = `127.0.0.1:${this.port}`;
    const options = { servers, reconnectTimeWait: 100, maxReconnectAttempts: -1, ...user };
    const connection = await connect(options);
    this.#connections.push(connection);
    return connection;
  }

  override async end(): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    await super.end();
  }
}
