import type { InspectionEvent } from 'xstate';
import { Feed } from '../../src/feeds/feed.ts';
import { type FeedOptions, feedSettings } from '../../src/feeds/feed-options.ts';
import type { Answer, FeedFacts, FeedProfile, SocketListener, SocketOptions } from '../../src/feeds/index.ts';
import type { Outcome } from '../../src/index.ts';
import { createSimulatedClock, type SimulatedClock } from '../../src/testing/simulated-clock.ts';

/** What was asked of a socket, one after the other. */
export interface FakeSocket {
  readonly listener: SocketListener;
  readonly options: SocketOptions;
  readonly did: string[];
}

interface Trade {
  readonly sym: string;
  readonly n: number;
  readonly at?: number;
}

/** A service whose messages are `{ answer }` or trades, with numbers that are consecutive for each symbol. */
export function fakeProfile(more: Partial<FeedProfile> = {}): FeedProfile {
  return {
    name: 'fake',
    url: 'wss://feed.example/stream?token=in-the-url',
    subscribe: (names, id) => {
      if (names.includes('?')) throw new Error("there is no '?'");
      return [{ subscribe: names, id }];
    },
    unsubscribe: (names) => [{ unsubscribe: names }],
    answer: (element) => (element as { answer?: Answer }).answer,
    recognize: { field: 'kind', types: { noise: null } },
    symbol: (message) => (message as Trade).sym,
    time: (message) => (message as Trade).at,
    sequence: (message) => {
      const { sym, n } = message as Trade;
      return n === undefined ? undefined : { of: sym, number: n };
    },
    ...more,
  };
}

/** A router that takes everything, unless a test says otherwise. */
export class FakeRouter {
  readonly taken: unknown[] = [];
  readonly waiting: ((outcome: Outcome) => void)[] = [];
  outcome: Outcome = { status: 'accepted' };

  route(message: unknown): Outcome {
    if (this.outcome.status === 'accepted') this.taken.push(message);
    return this.outcome;
  }

  offer(message: unknown, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      this.waiting.push((outcome) => {
        if (outcome.status === 'accepted') this.taken.push(message);
        resolve(outcome);
      });
    });
  }
}

/** A feed whose sockets a test plays, on a simulated clock. */
export class FeedRig {
  readonly clock: SimulatedClock = createSimulatedClock();
  readonly router = new FakeRouter();
  readonly sockets: FakeSocket[] = [];
  readonly facts: (readonly [type: keyof FeedFacts, fact: FeedFacts[keyof FeedFacts]])[] = [];
  readonly feed: Feed;

  constructor(options: Partial<FeedOptions> = {}, inspect?: (event: InspectionEvent) => void) {
    const settings: FeedOptions = {
      ...{ name: 'main', profile: fakeProfile(), to: this.router, subscribe: ['A'] },
      ...{ clock: this.clock, random: () => 0.5, ...(inspect && { inspect }) },
      ...options,
    };
    this.feed = new Feed(
      feedSettings(settings, (_url, opened, listener) => {
        const did: string[] = [];
        this.sockets.push({ listener, options: opened, did });
        const note = (what: string) => () => void did.push(what);
        return {
          ...{ ping: note('ping'), pause: note('pause'), resume: note('resume'), close: note('close') },
          send: (frame) => void did.push(String(frame)),
        };
      }),
    );
    this.feed.events.on('*', (type, fact) => this.facts.push([type, fact]));
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  get metrics() {
    return this.feed.view.metrics;
  }

  factsOf<Type extends keyof FeedFacts>(type: Type): readonly FeedFacts[Type][] {
    return this.facts.flatMap(([each, fact]) => (each === type ? [fact as FeedFacts[Type]] : []));
  }

  /** The service sends a frame, and nothing more for now. */
  say(frame: unknown): void {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    this.socket.listener.text(text, Buffer.byteLength(text));
    // Who looks at a feed sees what was read handed on.
    void this.feed.view;
  }

  answer(answer: Answer): void {
    this.say({ answer });
  }

  end(code = 1006, reason = ''): void {
    this.socket.listener.ended({ is: 'closed', code, reason });
  }

  /** Until messages may come. */
  stream(): this {
    this.feed.start();
    return this.resume();
  }

  /** The same on a connection that was begun. */
  resume(): this {
    this.socket.listener.opened();
    this.answer({ is: 'subscribed' });
    return this;
  }
}
