import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisSend } from '../../src/redis/index.ts';
import { freePort } from './free-port.ts';

/** The server of Debian's package `redis-server`, or the one that `REDIS_SERVER_BIN` names; undefined: there is none. */
function redisServerBinary(): string | undefined {
  const { REDIS_SERVER_BIN, PATH = '' } = process.env;
  const paths = PATH.split(delimiter).map((directory) => join(directory, 'redis-server'));
  return [REDIS_SERVER_BIN, ...paths].find((path) => path !== undefined && existsSync(path));
}

/** Why tests with Redis are left out; undefined: they run. In CI the server must be there. */
export function whyWithoutRedis(): string | undefined {
  if (redisServerBinary() !== undefined) return undefined;
  if (process.env.CI) throw new Error('redis-server is missing: apt-get install redis-server');
  return 'redis-server is not installed (apt-get install redis-server, or REDIS_SERVER_BIN)';
}

interface Client {
  readonly send: RedisSend;
  close(): void;
}

interface ClientOptions {
  readonly username?: string;
  readonly password?: string;
  readonly retryStrategy?: () => number;
}

/** As the guide says: nothing is queued or sent again behind the back of the caller. */
export function ioredisTo(port: number, options: ClientOptions = {}): Client {
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 0, commandTimeout: 2_000, ...options });
  redis.on('error', () => {});
  return {
    send: ([command = '', ...args]) => redis.call(command, ...args),
    close: () => redis.disconnect(),
  };
}

export async function nodeRedisTo(port: number): Promise<Client> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true });
  client.on('error', () => {});
  await client.connect();
  return { send: (args) => client.sendCommand(args), close: () => client.destroy() };
}

/** A server of one's own on a free port of the loopback, with its files in a directory that goes with it. */
export class RedisServer {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[]) {
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
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory, '--save', ''];
    const args = [...own, '--appendonly', 'yes', '--appendfsync', 'always', ...this.#settings];
    const child = spawn(redisServerBinary() ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stdout.on('data', (chunk) => {
        log += chunk;
        if (log.includes('Ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(`redis-server did not start:\n${log}`)));
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

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
