import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisSend } from '../../src/redis/index.ts';
import { RedisKeys } from '../../src/redis/redis-keys.ts';
import { freePort } from './free-port.ts';
import { programOf, ServerProcess, whyWithout } from './server-process.ts';

const program = programOf('redis-server', 'REDIS_SERVER_BIN');

/** Why tests with Redis are left out; undefined: they run. */
export function whyWithoutRedis(): string | undefined {
  return whyWithout(program, 'redis-server', 'apt-get install redis-server, or REDIS_SERVER_BIN');
}

interface Client {
  readonly send: RedisSend;
  close(): void;
}

interface ClientOptions {
  readonly username?: string;
  readonly password?: string;
  readonly keyPrefix?: string;
  readonly retryStrategy?: () => number;
}

/** As the guide says: nothing is queued or sent again behind the back of the caller. */
export function ioredisTo(port: number, options: ClientOptions = {}): Client {
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 0, commandTimeout: 2_000, ...options });
  redis.on('error', () => {});
  return { send: ([command, ...args]) => redis.call(command, ...args), close: () => redis.disconnect() };
}

export async function nodeRedisTo(port: number): Promise<Client> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true });
  client.on('error', () => {});
  await client.connect();
  return { send: (args) => client.sendCommand(args), close: () => client.destroy() };
}

/** The key of the stream of a partition of a channel that was made. */
export async function streamOf(send: RedisSend, channel: string, partition = 0): Promise<string> {
  const made = await send(['HGET', new RedisKeys(channel).made, 'made']);
  return new RedisKeys(channel, String(made)).stream(partition);
}

/** A server on a free port of the loopback. */
export class RedisServer extends ServerProcess {
  readonly port: number;
  readonly #settings: readonly string[];

  private constructor(port: number, settings: readonly string[]) {
    super('redis');
    this.port = port;
    this.#settings = settings;
  }

  /** Durable, unless the settings (`--name value`) say otherwise. */
  static async start(...settings: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.run();
    return server;
  }

  /** Starts it again after `kill`, on the same files. */
  async run(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory, '--save', ''];
    const args = [...own, '--appendonly', 'yes', '--appendfsync', 'always', ...this.#settings];
    await this.launch(program ?? 'redis-server', args, 'Ready to accept connections');
  }
}
