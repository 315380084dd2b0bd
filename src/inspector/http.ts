/** What both servers do with requests and answers. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { errorText } from '../core/error-text.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';

export const TEXT_TYPE = 'text/plain; charset=utf-8';
/** A sender that sends more than this after its refusal is cut off. */
const REST_BYTES_MAX = 1_048_576;
const UNPARSABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

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

/** A server with bounds. What `respond` rejects with is the answer; connections above the maximum are closed at once. */
export function createBoundedServer(
  connectionsMax: number,
  limits: ServerOptions,
  respond: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Server {
  const all = { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, ...limits };
  const server = createServer(all, (request, response) => {
    respond(request, response).catch((error: unknown) => {
      answer(request, response, error instanceof SluiceError ? 409 : 500, errorText(error));
    });
  });
  server.maxConnections = connectionsMax;
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    // It went away, or was refused before and has not closed its side in time.
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    // Node answers what is no request, too, but resets the connection.
    socket.end(`HTTP/1.1 ${UNPARSABLE[code] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    dropRest(socket.removeAllListeners('data'));
  });
  return server;
}

/** Resolves with the port when the server listens. Rejects with `SluiceError` `invalid-option`; `who` is its subject. */
export async function listen(server: Server, who: string, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(invalidOption(`${who} cannot listen on ${host}:${port}: ${cause.message}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return portOf(server);
}

/** Of a server that listens, and not on a pipe. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Node leaves the content out where it was asked for the head only. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  content: string | Buffer,
  type = TEXT_TYPE,
): void {
  // A stream that failed on its way has sent its head already.
  if (response.headersSent) return void response.destroy();
  if (!request.complete) dropRest(request);
  response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(content) });
  response.end(content);
}

/** Compares in a time that depends neither on where the two differ nor on their lengths. */
export function isSame(given: string, token: string): boolean {
  const [left, right] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

/** To close a connection with unread bytes resets it, and its sender may lose the answer: so they are read and dropped. */
function dropRest(source: Readable): void {
  let bytes = 0;
  source.on('data', (chunk: Buffer | string) => {
    bytes += chunk.length;
    if (bytes > REST_BYTES_MAX) source.destroy();
  });
}
