import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { FeedSocket, SocketListener } from '../feeds/socket.ts';

/** What goes wrong between a feed and a simulated exchange; shares are from 0 to 1. */
export interface ExchangeFaults {
  /** What is sent arrives after up to so many ms, in order. Default: 0. */
  readonly delayMs?: number;
  /** How many connections cannot be opened. Default: none. */
  readonly refused?: number;
  /** How many are opened and never hear a word. Default: none. */
  readonly silent?: number;
  /** A connection breaks off after so many ms in the mean, and what is under way is lost. Default: never. */
  readonly cutAfterMs?: number;
  /** How many of these breaks nobody hears of: the connection is half-open. Default: none. */
  readonly halfOpen?: number;
  /** How many frames come after one that is no message. Default: none. */
  readonly garbage?: number;
  /** How many messages an exchange sends again at most to who comes back. Default: none. */
  readonly repeated?: number;
}

/** One connection between a feed and a simulated exchange, with everything that happens on the way. */
export class SimulatedLine {
  /** What the feed holds. */
  readonly socket: FeedSocket;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: ExchangeFaults;
  readonly #listener: SocketListener;
  /** What arrived while the feed had paused it. */
  readonly #unread: (() => void)[] = [];
  #isPaused = false;
  #isDead = false;
  #arrivesAt = 0;

  constructor(
    clock: Clock,
    random: Random,
    faults: ExchangeFaults,
    listener: SocketListener,
    heard: (request: string, line: SimulatedLine) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.#listener = listener;
    this.socket = {
      send: (frame) => this.#later(() => heard(String(frame), this)),
      ping: () => this.#later(() => this.#later(() => this.#read(() => listener.beat()))),
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => this.#resume(),
      close: () => {
        this.#isDead = true;
      },
    };
    this.#open();
  }

  /** Nothing goes either way any more. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** The exchange sends a frame. */
  send(text: string): void {
    const { garbage = 0 } = this.#faults;
    if (this.#random() < garbage) this.#later(() => this.#text('<html>'));
    this.#later(() => this.#text(text));
  }

  #open(): void {
    const { cutAfterMs, halfOpen = 0, refused = 0, silent = 0 } = this.#faults;
    if (this.#random() < refused) return this.#later(() => this.#end());
    if (this.#random() < silent) {
      this.#isDead = true;
      return;
    }
    this.#later(() => this.#listener.opened());
    if (cutAfterMs === undefined) return;
    const isHeardOf = this.#random() >= halfOpen;
    this.#clock.setTimeout(
      () => {
        if (isHeardOf) this.#end();
        else this.#isDead = true;
      },
      2 * this.#random() * cutAfterMs,
    );
  }

  #end(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#listener.ended({ is: 'closed', code: 1006, reason: '' });
  }

  #text(text: string): void {
    this.#read(() => this.#listener.text(text, Buffer.byteLength(text)));
  }

  #read(act: () => void): void {
    if (this.#isPaused) this.#unread.push(act);
    else act();
  }

  /** What is read may pause it again. */
  #resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused && !this.#isDead) {
      const act = this.#unread.shift();
      if (act === undefined) return;
      act();
    }
  }

  /** After its delay, and never before what was sent earlier. */
  #later(act: () => void): void {
    const { delayMs = 0 } = this.#faults;
    const now = this.#clock.now();
    this.#arrivesAt = Math.max(this.#arrivesAt, now + this.#random() * delayMs);
    this.#clock.setTimeout(() => !this.#isDead && act(), this.#arrivesAt - now);
  }
}
