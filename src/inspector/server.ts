import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { admit, admitChange, type Refusal } from './gate.ts';
import { answer, createBoundedServer, headers, listen } from './http.ts';

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
export async function serve(
  port: number,
  token: string,
  routes: Routes,
  failed: (error: unknown) => void,
): Promise<{ server: Server; port: number }> {
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
