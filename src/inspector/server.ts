import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, createBoundedServer, headers, isSame, listen } from './http.ts';

/** An answer to a request: a body, a refusal, or a stream that another owner writes to. */
export type Answer =
  | { readonly type: string; readonly content: string | Buffer }
  | { readonly stream: (response: ServerResponse) => void }
  | Refusal;

/** What is served below the token. */
export interface Routes {
  get(path: string, query: URLSearchParams): Answer | Promise<Answer>;
  /** A request for a change; `body` has at most 4 kB. */
  post(path: string, body: string): Answer;
}

const CONNECTIONS_MAX = 256;
const BODY_BYTES_MAX = 4_096;
const LIMITS = { maxHeaderSize: 8_192, requestTimeout: 10_000, keepAliveTimeout: 5_000 };

/**
 * A server on 127.0.0.1 that does not keep the process alive. Rejects with `SluiceError` if the port is taken; later
 * `failed` hears what fails, such as a connection that cannot be accepted because all file descriptors are in use.
 */
export async function serve(port: number, token: string, routes: Routes, failed: (error: unknown) => void) {
  const server = createBoundedServer(CONNECTIONS_MAX, LIMITS, async (request, response) => {
    const given = await answerTo(request, token, routes);
    if ('status' in given) return answer(request, response, given.status, given.text);
    if ('content' in given) return answer(request, response, 200, given.content, given.type);
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') response.end();
    else given.stream(response);
  });
  server.on('connection', (socket) => socket.unref());
  server.unref();
  const listening = await listen(server, 'the inspector', port, '127.0.0.1');
  server.on('error', failed);
  return { server, port: listening };
}

async function answerTo(request: IncomingMessage, token: string, routes: Routes): Promise<Answer> {
  const admitted = admit(request, token);
  if ('status' in admitted) return admitted;
  const { method, url = '' } = request;
  if (method === 'GET' || method === 'HEAD')
    return routes.get(admitted.path, new URLSearchParams(url.split('?')[1] ?? ''));
  if (method !== 'POST') return { status: 405, text: 'only GET, HEAD and POST are allowed' };
  const refusal = admitChange(request);
  if (refusal !== undefined) return refusal;
  const body = await bodyOf(request);
  if (body === undefined) return { status: 413, text: `a body may have at most ${BODY_BYTES_MAX} bytes` };
  return routes.post(admitted.path, body);
}

/** Undefined: it is too long. A request that is aborted has no end, and needs no answer. */
function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
      if (body.length <= BODY_BYTES_MAX) return;
      request.removeAllListeners('data').removeAllListeners('end');
      resolve(undefined);
    });
    request.on('end', () => resolve(body));
  });
}

/** Why a request is refused. */
interface Refusal {
  readonly status: 403 | 404 | 405 | 413 | 415 | 429;
  readonly text: string;
}

/** Names of this computer. Any other name that leads here is DNS rebinding. The port may be a forwarded one. */
const HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;

/**
 * Admits a request that has the token, is addressed to this computer and comes from our own page, and returns the path
 * below the token. A page of another site can make the browser send requests here, but not with these headers.
 */
function admit(request: IncomingMessage, token: string): { readonly path: string } | Refusal {
  const { host = '', origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (!HOST.test(host)) return { status: 403, text: `Host must be 127.0.0.1 or localhost, got ${shown(host)}` };
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, text: `Origin must be http://${host}, got ${shown(origin)}` };
  // Another site may link to the page, but not fetch or frame it.
  const isVisit = request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit)
    return { status: 403, text: `requests from another site (${shown(String(site))}) are refused` };
  const { url = '' } = request;
  const [, given = '', path = ''] = /^\/([^/?#]*)\/?([^?#]*)/.exec(url) ?? [];
  if (!isSame(given, token))
    return { status: 403, text: 'the token in the address is wrong: open the address that the inspector printed' };
  return { path };
}

/** A request that changes something: it must come from our page, as JSON. */
function admitChange(request: IncomingMessage): Refusal | undefined {
  if (request.headers.origin === undefined)
    return { status: 403, text: 'Origin is missing: only the page may do this' };
  if (request.headers['content-type'] !== 'application/json')
    return { status: 415, text: 'Content-Type must be application/json' };
  return undefined;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
