import { type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  /** Below the token, or as it is when it begins with a slash or a scheme. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks the page's server as anybody could, headers and all; nothing is normalized on the way. */
export function ask(url: string, { method = 'GET', path = '', headers = {}, body }: Asked = {}): Promise<Reply> {
  const { port, pathname, host } = new URL(url);
  const options = {
    port,
    host: '127.0.0.1',
    method,
    path: /^(\/|\w+:)/.test(path) ? path : pathname + path,
    headers: { Host: host, ...headers },
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** An order as the page gives it. */
export function order(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const own = { Origin: new URL(url).origin, 'Content-Type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(url, { method: 'POST', path: 'operate', headers: { ...own, ...headers }, body: text });
}

/** A page that watches: what it was sent, event by event. */
export class Watcher {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (chunk: string) => {
      this.#text += chunk;
    });
  }

  static open(url: string): Watcher {
    const { port, pathname, host } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    // Else a stream that has ended would leave its connection open for the next request.
    socket.write(`GET ${pathname}live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return new Watcher(socket);
  }

  /** The data of the events of one kind. */
  events<Data>(type: 'hello' | 'tick'): Data[] {
    return [...this.#text.matchAll(new RegExp(`^event: ${type}\\ndata: (.*)$`, 'gm'))].flatMap(([, json = '']) => {
      try {
        return [JSON.parse(json) as Data];
      } catch {
        // It is not here as a whole yet.
        return [];
      }
    });
  }

  get isOver(): Promise<void> {
    return new Promise((resolve) => (this.socket.closed ? resolve() : this.socket.once('close', () => resolve())));
  }
}

/** A response whose reader takes a chunk only when it is told to. */
export class SlowReader extends Writable {
  readonly read: string[] = [];
  #take: (() => void) | undefined;

  constructor(highWaterMark: number) {
    super({ highWaterMark, decodeStrings: false });
  }

  /** Of a response the audience uses what every writable has. */
  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.read.push(chunk);
      done();
    };
  }

  take(): void {
    const take = this.#take;
    this.#take = undefined;
    take?.();
  }
}

/** Lets sockets and timers have their turns until it is so; the test's own limit ends what never comes true. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
