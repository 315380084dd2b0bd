import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess, whyWithout } from './server-process.ts';

const DEBIAN = '/usr/lib/postgresql';

/** Where the programs of Debian's package `postgresql` are, or those that `POSTGRES_BIN` names; undefined: there are none. */
function postgresPrograms(): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
  return [process.env.POSTGRES_BIN, ...debian].find((path) => path !== undefined && existsSync(join(path, 'initdb')));
}

/** Why tests with PostgreSQL are left out; undefined: they run. */
export function whyWithoutPostgres(): string | undefined {
  return whyWithout(postgresPrograms(), 'PostgreSQL', 'apt-get install postgresql, or POSTGRES_BIN');
}

/** A server on a free port of the loopback. */
export class PostgresServer extends ServerProcess {
  readonly port: number;

  private constructor(port: number) {
    super('postgres');
    this.port = port;
  }

  /** For the user `sluice`, without a password. */
  static async start(): Promise<PostgresServer> {
    const programs = postgresPrograms() ?? '';
    const server = new PostgresServer(await freePort());
    const { directory, port } = server;
    const user = userOfServer(directory);
    const init = ['-D', directory, '-U', 'sluice', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(programs, 'initdb'), init, { ...user, stdio: 'pipe' });
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    const args = ['-D', directory, ...settings.flatMap((setting) => ['-c', setting])];
    await server.launch(join(programs, 'postgres'), args, 'ready to accept connections', user);
    return server;
  }

  override end(): Promise<void> {
    // As PostgreSQL names it: a fast shutdown.
    return super.end('SIGINT');
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
