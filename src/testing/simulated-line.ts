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
export interface SimulatedLine {
  /** What the feed holds. */
  readonly socket: FeedSocket;
  /** Nothing goes either way any more. */
  readonly isDead: boolean;
  /** The exchange sends a frame. */
  send(text: string): void;
}

/** `heard`: a request arrived at the exchange. */
export function simulatedLine(
  clock: Clock,
  random: Random,
  faults: ExchangeFaults,
  listener: SocketListener,
  heard: (request: string, line: SimulatedLine) => void,
): SimulatedLine {
  const { delayMs = 0, cutAfterMs, garbage = 0, halfOpen = 0, refused = 0, silent = 0 } = faults;
  /** What arrived while the feed had paused it. */
  const unread: (() => void)[] = [];
  let isPaused = false;
  let isDead = false;
  let arrivesAt = 0;

  /** After its delay, and never before what was sent earlier. */
  const later = (act: () => void): void => {
    const now = clock.now();
    arrivesAt = Math.max(arrivesAt, now + random() * delayMs);
    clock.setTimeout(() => !isDead && act(), arrivesAt - now);
  };
  const read = (act: () => void): void => {
    if (isPaused) unread.push(act);
    else act();
  };
  const textComes = (text: string): void => read(() => listener.text(text, Buffer.byteLength(text)));
  const end = (): void => {
    if (isDead) return;
    isDead = true;
    listener.ended({ is: 'closed', code: 1006, reason: '' });
  };
  const die = (): void => {
    isDead = true;
  };
  const line: SimulatedLine = {
    socket: {
      send: (frame) => later(() => heard(String(frame), line)),
      ping: () => later(() => later(() => read(() => listener.beat()))),
      pause() {
        isPaused = true;
      },
      /** What is read may pause it again. */
      resume() {
        isPaused = false;
        while (!isPaused && !isDead && unread.length > 0) unread.shift()?.();
      },
      close: die,
    },
    get isDead() {
      return isDead;
    },
    send(text) {
      if (random() < garbage) later(() => textComes('<html>'));
      later(() => textComes(text));
    },
  };
  if (random() < refused) later(end);
  else if (random() < silent) die();
  else {
    later(() => listener.opened());
    const isHeardOf = cutAfterMs === undefined || random() >= halfOpen;
    if (cutAfterMs !== undefined) clock.setTimeout(isHeardOf ? end : die, 2 * random() * cutAfterMs);
  }
  return line;
}
