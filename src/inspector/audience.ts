import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';

/** More pages than this at once are turned away. */
const CLIENTS_MAX = 32;
/** A page that has read nothing for so long is cut off, in ms. */
const STALLED_MS = 15_000;

interface Client {
  readonly response: ServerResponse;
  /** When its buffer filled up; undefined: it takes more. */
  blockedSince: number | undefined;
  /** It missed something, and gets everything anew. */
  isBehind: boolean;
}

/**
 * The pages that watch, each at the end of a stream of server-sent events. A page that reads too slowly is sent nothing
 * until it has read what it was sent, and then the present state instead of what it missed: what waits for one is never
 * more than a message and what the socket buffers.
 */
export class Audience {
  readonly #clients = new Set<Client>();
  readonly #clock: Clock;
  readonly #greet: (isNew: boolean) => string;
  readonly #changed: (size: number) => void;

  /** `greet` gives what a page begins with, new or fallen behind; `changed` hears how many there are now. */
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

  /** Ends every stream; what was written still arrives. */
  close(): void {
    for (const { response } of this.#clients) response.end();
  }

  #write(client: Client, message: string): void {
    if (!client.response.write(message)) client.blockedSince = this.#clock.now();
  }
}

/** A server-sent event; JSON has no line breaks, so one line of data holds it. */
export function toEvent(type: string, json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`;
}
