import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const DEBIAN = '/usr/lib/postgresql';

/** Where the programs of Debian's package `postgresql` are, or those that `POSTGRES_BIN` names; undefined: there are none. */
function postgresPrograms(): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
  return [process.env.POSTGRES_BIN, ...debian].find((path) => path !== undefined && existsSync(join(path, 'initdb')));
}

/** Why tests with PostgreSQL are left out; undefined: they run. In CI the server must be there. */
export function whyWithoutPostgres(): string | undefined {
  if (postgresPrograms() !== undefined) return undefined;
  if (process.env.CI) throw new Error('PostgreSQL is missing: apt-get install postgresql');
  return 'PostgreSQL is not installed (apt-get install postgresql, or POSTGRES_BIN)';
}

/** A server of one's own on a free port of the loopback, with its files in a directory that goes with it. */
export class PostgresServer {
  readonly port: number;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(port: number, directory: string, child: ChildProcess) {
    this.port = port;
    this.#directory = directory;
    this.#process = child;
  }

  /** For the user `sluice`, without a password. */
  static async start(): Promise<PostgresServer> {
    const programs = postgresPrograms() ?? '';
    const directory = mkdtempSync(join(tmpdir(), 'sluice-postgres-'));
    const user = userOfServer(directory);
    const init = ['-D', directory, '-U', 'sluice', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(programs, 'initdb'), init, { ...user, stdio: 'pipe' });
    const port = await freePort();
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    const args = ['-D', directory, ...settings.flatMap((setting) => ['-c', setting])];
    const child = spawn(join(programs, 'postgres'), args, { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', (chunk) => {
        log += chunk;
        if (log.includes('ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(`postgres did not start:\n${log}`)));
    });
    return new PostgresServer(port, directory, child);
  }

  async end(): Promise<void> {
    const ended = once(this.#process, 'exit');
    // As PostgreSQL names it: a fast shutdown.
    this.#process.kill('SIGINT');
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
function userOfServer(directory: string): { readonly uid?: number; readonly gid?: number; readonly cwd: string } {
  if (process.getuid?.() !== 0) return { cwd: directory };
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  chownSync(directory, uid, gid);
  return { uid, gid, cwd: directory };
}
