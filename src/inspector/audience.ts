import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';

/** The inspector refuses more pages than this at once. */
const CLIENTS_MAX = 32;
/** A page that has read nothing for this long is disconnected, in ms. */
const STALLED_MS = 15_000;

interface Client {
  readonly response: ServerResponse;
  /** When the buffer of the socket filled up; undefined: the socket takes more. */
  blockedSince: number | undefined;
  /** The page missed a message and gets everything again. */
  isBehind: boolean;
}

/**
 * The open pages, each with a stream of server-sent events. A page that reads too slowly gets nothing until it has read
 * what was sent, and then the present state instead of what it missed. So at most one message and the buffer of the
 * socket wait for a page.
 */
export class Audience {
  readonly #clients = new Set<Client>();
  readonly #clock: Clock;
  readonly #greet: (isNew: boolean) => string;
  readonly #changed: (size: number) => void;

  /** `greet` returns the first message for a page, new or fallen behind; `changed` gets the number of pages. */
  constructor(clock: Clock, greet: (isNew: boolean) => string, changed: (size: number) => void) {
    this.#clock = clock;
    this.#greet = greet;
    this.#changed = changed;
  }

  get size(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= CLIENTS_MAX;
  }

  add(response: ServerResponse): void {
    const client: Client = { response, blockedSince: undefined, isBehind: false };
    this.#clients.add(client);
    response.on('drain', () => {
      client.blockedSince = undefined;
    });
    // Nobody else listens; the end of it follows.
    response.on('error', () => {});
    response.on('close', () => {
      this.#clients.delete(client);
      this.#changed(this.size);
    });
    this.#changed(this.size);
    this.#write(client, this.#greet(true));
  }

  /** Sends to every page that keeps up. */
  tell(message: string): void {
    const now = this.#clock.now();
    for (const client of this.#clients) {
      if (client.blockedSince === undefined) {
        this.#write(client, client.isBehind ? this.#greet(false) : message);
        client.isBehind = false;
      } else {
        client.isBehind = true;
        if (now - client.blockedSince >= STALLED_MS) client.response.destroy();
      }
    }
  }

  /** Ends every stream; what was already written still arrives. */
  close(): void {
    for (const { response } of this.#clients) response.end();
  }

  #write(client: Client, message: string): void {
    if (!client.response.write(message)) client.blockedSince = this.#clock.now();
  }
}
