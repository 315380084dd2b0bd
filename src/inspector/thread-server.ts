import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PROMETHEUS_CONTENT_TYPE } from '../metrics/prometheus.ts';
import type { PageFile } from './page-files.ts';
import { dropRest, refuseUnparsable } from './refused-rest.ts';
import { headers as pageHeaders } from './server.ts';
import type { Service } from './thread-link.ts';

const CONNECTIONS_MAX = 64;
const REQUEST_MS_MAX = 5_000;

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** What is served. */
export interface Watch {
  metrics(): Promise<string>;
  health(): Promise<{ readonly ready: boolean }>;
  /** A page about it: its files are served at `/` to everybody, and what it shows, `state.json`, to those with the token. */
  readonly page?: { readonly files: ReadonlyMap<string, PageFile>; state(): Promise<object> };
}

/** Serves metrics and health to requests that have the token, by default only to those from this computer. */
export function createThreadServer(
  watch: Watch,
  service: Omit<Service, 'labels' | 'buckets' | 'stuckAfterMs'>,
): Server {
  const { healthPath, metricsPath, token } = service;
  const limits = { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, connectionsCheckingInterval: 1_000 };
  const server = createServer(limits, (request, response) => {
    respond(request, response).catch(() => end(response, 500, 'the answer failed'));
  });
  server.maxConnections = CONNECTIONS_MAX;
  refuseUnparsable(server);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!request.complete) dropRest(request);
    const { url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
    const file = watch.page?.files.get(pathname.slice(1));
    const refusal = refusalOf(request, searchParams.get('token'), file !== undefined);
    if (refusal !== undefined) return end(response, ...refusal);
    if (file !== undefined) return end(response, 200, file.content, file.type);
    if (watch.page !== undefined && pathname === '/state.json')
      return end(response, 200, JSON.stringify(await watch.page.state()), 'application/json');
    if (pathname === metricsPath) return end(response, 200, await watch.metrics(), PROMETHEUS_CONTENT_TYPE);
    if (pathname !== healthPath) return end(response, 404, `only ${metricsPath} and ${healthPath} exist`);
    const health = await watch.health();
    end(response, health.ready ? 200 : 503, `${JSON.stringify(health, null, 2)}\n`, 'application/json');
  }

  /** Status and reason of a refusal; undefined: admitted. Pages in a browser and foreign host names are refused. */
  function refusalOf(
    { headers, method }: IncomingMessage,
    asked: string | null,
    isPublic: boolean,
  ): [number, string] | undefined {
    const { host, origin, authorization = '' } = headers;
    const { port } = server.address() as AddressInfo; // It listens, and not on a pipe.
    if (method !== 'GET' && method !== 'HEAD') return [405, 'only GET is served'];
    if (LOOPBACK.has(service.host) && !isLocal(host, port)) return [403, 'wrong Host'];
    // A browser names the origin of a module even to the server it is from.
    if (origin !== undefined && !isPublic) return [403, 'requests from pages are refused'];
    if (token === false || isPublic) return undefined;
    const given = asked ?? /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
    return timingSafeEqual(digest(given), digest(token)) ? undefined : [401, 'a token is needed: ?token=… or Bearer'];
  }

  return server;
}

/** Whether a request names this computer: a page elsewhere can make a name of its own lead here. */
function isLocal(host: string | undefined, port: number): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].some((name) => host === `${name}:${port}`);
}

function end(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { ...pageHeaders, 'content-type': type }).end(body);
}

/** Of equal length, which `timingSafeEqual` asks for. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
