import type { Clock } from '../core/clock.ts';
import { createRandom } from '../core/random.ts';
import type { FeedProfile } from '../feeds/profile.ts';
import type { OpenSocket } from '../feeds/socket.ts';
import { type ExchangeFaults, type SimulatedLine, simulatedLine } from './simulated-line.ts';
import { message, type TestMessage } from './test-messages.ts';

/** What a simulated exchange is made of. */
export interface SimulatedExchangeOptions {
  readonly clock: Clock;
  /** The same seed gives the same run. Default: 1. */
  readonly seed?: number;
  /** What goes wrong on the way. Default: nothing. */
  readonly faults?: ExchangeFaults;
}

/** An exchange without a network: give `open` and `profile` to `createFeed`, and let it trade. */
export interface SimulatedExchange {
  readonly open: OpenSocket;
  readonly profile: FeedProfile;
  /** How many trades there were; they are numbered from 0. */
  readonly trades: number;
  /** How many connections there were. */
  readonly connections: number;
  /** Makes trades, and sends them in one frame to whoever is connected and has subscribed. */
  trade(count: number): void;
  /** From now on nothing goes wrong on new connections, and nothing is cut. */
  heal(): void;
}

/** The numbers of the trades are consecutive; `t` is when each was made. */
const profile: FeedProfile = {
  name: 'simulated',
  url: 'wss://simulated.example/',
  subscribe: (names, id) => [{ subscribe: names, id }],
  unsubscribe: (names, id) => [{ unsubscribe: names, id }],
  answer: (element) => ('id' in (element as object) ? { is: 'subscribed' } : undefined),
  recognize: { field: 'ev', types: { T: 'tick' } },
  symbol: (element) => (element as TestMessage).sym,
  time: (element) => (element as { readonly t: number }).t,
  sequence: (element) => ({ of: 'trades', number: (element as TestMessage).n }),
};

/** An exchange whose connections fail as a seed says. */
export function simulatedExchange({ clock, seed = 1, faults = {} }: SimulatedExchangeOptions): SimulatedExchange {
  const random = createRandom(seed);
  const lines = new Set<SimulatedLine>();
  let present = faults;
  let trades = 0;
  let connections = 0;
  const tradesFrom = (from: number) =>
    Array.from({ length: trades - from }, (_, n) => ({ ...message('tick', from + n), t: clock.wallTime() }));
  const heard = (text: string, line: SimulatedLine): void => {
    const { id } = JSON.parse(text) as { readonly id: number }; // The profile above wrote it.
    line.send(JSON.stringify({ id }));
    lines.add(line);
    const again = Math.min(trades, Math.floor(random() * ((present.repeated ?? 0) + 1)));
    if (again > 0) line.send(JSON.stringify(tradesFrom(trades - again)));
  };
  return {
    profile,
    open(_url, _options, listener) {
      connections += 1;
      return simulatedLine(clock, random, present, listener, heard).socket;
    },
    get trades() {
      return trades;
    },
    get connections() {
      return connections;
    },
    trade(count) {
      const from = trades;
      trades += count;
      for (const line of lines) {
        if (line.isDead) lines.delete(line);
        else line.send(JSON.stringify(tradesFrom(from)));
      }
    },
    heal() {
      present = { ...(present.delayMs !== undefined && { delayMs: present.delayMs }) };
    },
  };
}
