import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { BinaryFormat } from '../../src/feeds/index.ts';

/** What a server of a test says to what it hears. */
export interface Manners {
  /** The first thing it says. */
  greeting?: unknown;
  /** The answers to one request; `stream`: messages follow now. */
  answers(request: Record<string, unknown>): readonly unknown[];
  /** Whether this request, answered, is the one after which messages come. */
  begins(request: Record<string, unknown>): boolean;
  /** How it speaks. Default: JSON. */
  format?: BinaryFormat;
}

export interface Traffic {
  /** In order; each is one text frame. */
  readonly frames: readonly string[];
  /** The connection is cut after so many frames, while there are more. */
  readonly cutEvery: number;
  /** So many frames are lost whenever it is cut. */
  readonly lostEach: number;
  /** What comes now and then between the frames, and is no message. */
  readonly garbage: readonly (string | Uint8Array)[];
}

/** A service on this computer, which says what a profile's service says, and streams what it is given, over all its connections. */
export class FeedServer {
  readonly requests: Record<string, unknown>[] = [];
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #manners: Manners;
  readonly #traffic: Traffic;
  #next = 0;
  #lost = 0;

  private constructor(http: Server, manners: Manners, traffic: Traffic) {
    this.#http = http;
    this.#manners = manners;
    this.#traffic = traffic;
    this.#sockets = new WebSocketServer({ server: http });
    this.#sockets.on('connection', (socket) => this.#serve(socket));
  }

  static async start(manners: Manners, traffic: Partial<Traffic> = {}): Promise<FeedServer> {
    const http = createServer();
    const server = new FeedServer(http, manners, {
      frames: [],
      cutEvery: Number.POSITIVE_INFINITY,
      lostEach: 0,
      garbage: [],
      ...traffic,
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  /** Frames that were sent to nobody because the connection was cut. */
  get lost(): number {
    return this.#lost;
  }

  get isDone(): boolean {
    return this.#next >= this.#traffic.frames.length;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #serve(socket: WebSocket): void {
    socket.on('error', () => {});
    const { format } = this.#manners;
    const say = (message: unknown): void => socket.send(format?.encode(message) ?? JSON.stringify(message));
    if (this.#manners.greeting !== undefined) say(this.#manners.greeting);
    socket.on('message', (frame: Buffer) => {
      const request = (format?.decode(frame) ?? JSON.parse(frame.toString())) as Record<string, unknown>;
      this.requests.push(request);
      for (const answer of this.#manners.answers(request)) say(answer);
      if (this.#manners.begins(request)) this.#stream(socket);
    });
  }

  /** The end of the last frame closes the connection in order, so that everything sent arrives. */
  #stream(socket: WebSocket): void {
    const { frames, cutEvery, lostEach, garbage } = this.#traffic;
    const end = Math.min(this.#next + cutEvery, frames.length);
    for (; this.#next < end; this.#next += 1) {
      if (garbage.length > 0 && this.#next % 10 === 0) socket.send(garbage[(this.#next / 10) % garbage.length] ?? '');
      const frame = frames[this.#next] ?? '';
      socket.send(this.#manners.format?.encode(JSON.parse(frame, dated)) ?? frame);
    }
    if (this.isDone) return;
    const skipped = Math.min(lostEach, frames.length - 1 - this.#next);
    this.#next += skipped;
    this.#lost += skipped;
    socket.close(1001, 'see you');
  }
}

/** MessagePack has a type for times; JSON does not. */
function dated(name: string, value: unknown): unknown {
  return name === 't' && typeof value === 'string' ? new Date(value) : value;
}
