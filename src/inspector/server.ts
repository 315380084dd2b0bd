import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { admit, admitChange, type Refusal } from './gate.ts';
import { dropRest, refuseUnparsable } from './refused-rest.ts';

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

/** Further connections are closed at once. */
const CONNECTIONS_MAX = 256;
const BODY_BYTES_MAX = 4_096;

/** Sent with every answer: no content from elsewhere, no inline scripts, no caching, no frames. */
export const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Cache-Control': 'no-store',
} as const;

/**
 * A server on 127.0.0.1 that does not keep the process alive. Rejects with `SluiceError` if the port is taken; later
 * `failed` hears what fails, such as a connection that cannot be accepted because all file descriptors are in use.
 */
export async function serve(
  port: number,
  token: string,
  routes: Routes,
  failed: (error: unknown) => void,
): Promise<{ server: Server; port: number }> {
  const limits = {
    maxHeaderSize: 8_192,
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, (request, response) => respond(request, response, token, routes));
  server.maxConnections = CONNECTIONS_MAX;
  server.keepAliveTimeout = 5_000;
  server.on('connection', (socket) => socket.unref());
  refuseUnparsable(server);
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error) => {
      if (server.listening) failed(error);
      reject(
        new SluiceError('invalid-option', `cannot listen on 127.0.0.1:${port}: ${error.message}`, { cause: error }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  // The server listens on a port, so its address has one.
  return { server, port: (server.address() as AddressInfo).port };
}

function respond(request: IncomingMessage, response: ServerResponse, token: string, routes: Routes): void {
  const admitted = admit(request, token);
  if ('status' in admitted) return send(request, response, admitted);
  const query = new URLSearchParams(request.url?.split('?')[1] ?? '');
  const { method } = request;
  if (method === 'GET' || method === 'HEAD')
    return void answer(request, response, () => routes.get(admitted.path, query));
  if (method !== 'POST') return send(request, response, { status: 405, text: 'only GET, HEAD and POST are allowed' });
  const refusal = admitChange(request);
  if (refusal !== undefined) return send(request, response, refusal);
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
    if (body.length > BODY_BYTES_MAX) {
      request.removeAllListeners('data').removeAllListeners('end');
      send(request, response, { status: 413, text: `a body may have at most ${BODY_BYTES_MAX} bytes` });
    }
  });
  request.on('end', () => void answer(request, response, () => routes.post(admitted.path, body)));
}

/** An error in here is the answer to the page: it must not reach the router. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  make: () => Answer | Promise<Answer>,
): Promise<void> {
  try {
    const made = make();
    send(request, response, made instanceof Promise ? await made : made);
  } catch (error) {
    const status = error instanceof SluiceError ? 409 : 500;
    end(request, response, status, 'text/plain; charset=utf-8', errorText(error));
  }
}

function send(request: IncomingMessage, response: ServerResponse, given: Answer): void {
  if ('status' in given) return end(request, response, given.status, 'text/plain; charset=utf-8', given.text);
  if ('content' in given) return end(request, response, 200, given.type, given.content);
  response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8' });
  if (request.method === 'HEAD') response.end();
  else given.stream(response);
}

function end(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  content: string | Buffer,
): void {
  // A stream that failed on its way has sent its head already.
  if (response.headersSent) return void response.destroy();
  if (!request.complete) dropRest(request);
  response.writeHead(status, {
    ...headers,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(content),
  });
  response.end(request.method === 'HEAD' ? undefined : content);
}
