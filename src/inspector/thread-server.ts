import type { IncomingMessage } from 'node:http';
import { PROMETHEUS_CONTENT_TYPE } from '../metrics/prometheus.ts';
import { answer, createBoundedServer, isSame, portOf, TEXT_TYPE } from './http.ts';
import type { PageFile } from './page-files.ts';
import type { Service } from './thread-link.ts';

const CONNECTIONS_MAX = 64;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

interface Watch {
  metrics(): Promise<string>;
  health(): Promise<{ readonly ready: boolean }>;
  /** A page about it: its files are served at `/` to everybody, and what it shows, `state.json`, to those with the token. */
  readonly page?: { readonly files: ReadonlyMap<string, PageFile>; state(): Promise<object> };
}

type Reply = readonly [status: number, content: string | Buffer, type?: string];

/** Serves metrics and health to requests that have the token, by default only to those from this computer. */
export function createThreadServer(watch: Watch, service: Omit<Service, 'labels' | 'buckets' | 'stuckAfterMs'>) {
  const { healthPath, metricsPath, token } = service;
  const server = createBoundedServer(CONNECTIONS_MAX, { requestTimeout: 5_000 }, async (request, response) => {
    const [status, content, type = TEXT_TYPE] = await replyTo(request);
    answer(request, response, status, content, type);
  });

  async function replyTo(request: IncomingMessage): Promise<Reply> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    const file = watch.page?.files.get(pathname.slice(1));
    const refusal = refusalOf(request, searchParams.get('token'), file !== undefined);
    if (refusal !== undefined) return refusal;
    if (file !== undefined) return [200, file.content, file.type];
    if (watch.page !== undefined && pathname === '/state.json')
      return [200, JSON.stringify(await watch.page.state()), 'application/json'];
    if (pathname === metricsPath) return [200, await watch.metrics(), PROMETHEUS_CONTENT_TYPE];
    if (pathname !== healthPath) return [404, `only ${metricsPath} and ${healthPath} exist`];
    const health = await watch.health();
    return [health.ready ? 200 : 503, `${JSON.stringify(health, null, 2)}\n`, 'application/json'];
  }

  /** Undefined: admitted. Pages in a browser and foreign host names are refused. */
  function refusalOf({ headers, method }: IncomingMessage, asked: string | null, isPublic: boolean): Reply | undefined {
    const { host, origin, authorization = '' } = headers;
    if (method !== 'GET' && method !== 'HEAD') return [405, 'only GET is served'];
    // A page elsewhere can make a name of its own lead here.
    const isLocal = ['127.0.0.1', 'localhost', '[::1]'].some((name) => host === `${name}:${portOf(server)}`);
    if (LOOPBACK.has(service.host) && !isLocal) return [403, 'wrong Host'];
    // A browser names the origin of a module even to the server it is from.
    if (origin !== undefined && !isPublic) return [403, 'requests from pages are refused'];
    if (token === false || isPublic) return undefined;
    const given = asked ?? /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
    return isSame(given, token) ? undefined : [401, 'a token is needed: ?token=… or Bearer'];
  }

  return server;
}
