import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createFeed, type Feed, type FeedFacts, type FeedOptions } from '../../src/feeds/index.ts';
import { createSimulatedClock, type SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { FakeRouter, fakeProfile } from '../support/feed-rig.ts';
import { until } from '../unit/inspector/visitor.ts';

interface Run {
  readonly feed: Feed;
  readonly clock: SimulatedClock;
  /** Starts the feed and waits until it is in this state. */
  reaches(state: string): Promise<unknown>;
}

/** Starts a server of any kind on loopback, and a feed that goes there. */
async function run(server: Server, scheme: 'ws' | 'wss' = 'ws', options: Partial<FeedOptions> = {}): Promise<Run> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const clock = createSimulatedClock();
  const url = `${scheme}://127.0.0.1:${port}/stream?token=in-the-url`;
  const common = { name: 'main', profile: fakeProfile(), subscribe: ['A'], random: () => 0.5 };
  const feed = createFeed({ ...common, url, to: new FakeRouter(), clock, ...options });
  onTestFinished(() => {
    feed.stop();
    for (const socket of open) socket.destroy();
    server.close();
  });
  const reaches = (state: string): Promise<unknown> => {
    const there = new Promise((resolve) => feed.events.on('feed.entered', ({ to }) => to === state && resolve(to)));
    feed.start();
    return there;
  };
  return { feed, clock, reaches };
}

/** A WebSocket server that does this with each socket once it was subscribed to. */
function streaming(act: (socket: WebSocket, raw: Socket) => void): Server {
  const server = createServer();
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    socket.on('error', () => {});
    socket.on('message', () => {
      socket.send('{"answer":{"is":"subscribed"}}');
      act(socket, request.socket);
    });
  });
  return server;
}

describe('an answer of HTTP instead of a WebSocket', () => {
  const text = { 'Content-Type': 'text/html' };
  it.each([
    ['a 401', 401, {}, 'failed', 'HTTP 401', { refusals: 1 }],
    ['a 403', 403, {}, 'failed', 'HTTP 403', { refusals: 1 }],
    ['a 429 that says how long', 429, { 'Retry-After': '90' }, 'waiting', 'Retry-After 90', { limits: 1 }],
    ['a 418, as who is banned gets it', 418, {}, 'waiting', 'HTTP 418', { limits: 1 }],
    ['a redirect', 302, { Location: 'https://login.example/' }, 'waiting', 'set url', { failures: 1 }],
    ['a page of a proxy', 200, text, 'waiting', 'a page of HTML', { failures: 1 }],
    ['a 500', 500, {}, 'waiting', 'HTTP 500', { failures: 1 }],
  ])('%s is a state, a count and a sentence', async (_, status, headers, state, says, counts) => {
    const server = createServer((_request, response) =>
      response.writeHead(status, headers as Record<string, string>).end('<html></html>'),
    );
    const { feed, reaches } = await run(server);
    await reaches(state);
    expect(feed.explain()).toContain(says);
    expect(feed.explain()).not.toContain('in-the-url');
    expect(feed.view.metrics).toMatchObject({ connections: 1, ...counts });
  });

  it.each([418, 429, 500, 502, 503])(
    '%i: the feed waits as long as Retry-After says, whatever its backoff',
    async (status) => {
      const server = createServer((_request, response) => response.writeHead(status, { 'Retry-After': '90' }).end());
      const { feed, reaches } = await run(server);
      await reaches('waiting');
      expect(feed.view).toMatchObject({ retryInMs: 90_000, metrics: { limits: 1 } });
    },
  );
});

describe('what is no connection', () => {
  it('nobody listens', async () => {
    const { feed, reaches } = await run(createServer(), 'ws', { url: 'ws://127.0.0.1:9/' });
    await reaches('waiting');
    expect(feed.explain()).toContain('the service cannot be reached (connect ECONNREFUSED');
  });

  it('a service without TLS where TLS is due', async () => {
    const { feed, reaches } = await run(createServer(), 'wss');
    await reaches('waiting');
    expect(feed.explain()).toMatch(/waits: (TLS failed|the service cannot be reached) \(.*(SSL|ECONNRESET|EPROTO)/);
  });

  it('TLS without a certificate', async () => {
    const { feed, reaches } = await run(createTlsServer({}), 'wss');
    await reaches('waiting');
    expect(feed.explain()).toMatch(/waits: TLS failed \(/);
  });

  it('a server that accepts and is silent is given up after the timeout', async () => {
    const server = createSocketServer();
    const { feed, clock, reaches } = await run(server);
    const accepted = new Promise((resolve) => server.on('connection', resolve));
    const there = reaches('waiting');
    await accepted;
    await clock.advance(10_000);
    await there;
    expect(feed.explain()).toContain('the service did not answer when it was connected to');
  });

  it('a server that closes at once a thousand times is tried at longer and longer waits, and nothing piles up', async () => {
    const server = createSocketServer((socket) => socket.destroy());
    const { feed, clock } = await run(server);
    const waits: number[] = [];
    const done = new Promise<void>((resolve) =>
      feed.events.on('feed.entered', ({ to }) => {
        if (to !== 'waiting') return;
        waits.push(feed.view.retryInMs ?? 0);
        if (waits.length === 1_000) resolve();
        else queueMicrotask(() => void clock.advance(feed.view.retryInMs ?? 0));
      }),
    );
    feed.start();
    await done;
    // Full jitter with 0.5: half of 500 ms, 1 s, 2 s, … up to half of the limit.
    expect(waits.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
    expect(waits.at(-1)).toBe(30_000);
    expect(feed.view.metrics).toMatchObject({ connections: 1_000, failures: 1_000, gaps: { found: 0 } });
    feed.stop();
    await clock.settle();
    expect(clock.pending).toBe(0);
  });
});

describe('what is no message', () => {
  const cases: readonly (readonly [what: string, frame: string | Uint8Array, why: string])[] = [
    ['half of a message', '{"sym":"A","n":', 'no JSON, or half of it'],
    ['an empty text', '', 'no JSON, or half of it'],
    ['a number', '42', 'JSON that is no message'],
    ['null', 'null', 'JSON that is no message'],
    ['a list of a number', '[1]', 'JSON that is no message'],
    ['a list of lists', '[[{"sym":"A"}]]', 'JSON that is no message'],
    ['a page of HTML', '<!doctype html><p>', 'a page of HTML, as a proxy sends it'],
    ['bytes where text is due', new Uint8Array([0, 1, 255]), 'bytes where text is due'],
  ];
  it.each(cases)('%s is counted as garbage, and the next message is delivered', async (_, frame, why) => {
    const router = new FakeRouter();
    const server = streaming((socket) => {
      socket.send(frame);
      socket.send('{"sym":"A","n":1}');
    });
    const { feed } = await run(server, 'ws', { to: router });
    const arrived = new Promise<FeedFacts['feed.garbage']>((resolve) => feed.events.on('feed.garbage', resolve));
    const taken = new Promise((resolve) => {
      router.route = (message) => {
        resolve(message);
        return { status: 'accepted' };
      };
    });
    feed.start();
    expect(await arrived).toMatchObject({ feed: 'main', why });
    expect(await taken).toEqual({ sym: 'A', n: 1 });
    expect(feed.view.metrics).toMatchObject({ garbage: 1, received: 1, delivered: 1, conserved: true });
    expect(feed.state).toBe('streaming');
  });
});

describe('what breaks the protocol ends the connection', () => {
  const raw = (bytes: readonly number[]) => (_socket: WebSocket, wire: Socket) => void wire.write(Buffer.from(bytes));
  const cases: readonly (readonly [what: string, act: (socket: WebSocket, wire: Socket) => void, says: string])[] = [
    ['a message that is too large', (socket) => socket.send('x'.repeat(2_000)), 'larger than messageBytesMax'],
    // A text frame of two bytes that are no UTF-8, and a frame with a reserved bit.
    ['invalid UTF-8', raw([0x81, 0x02, 0xc3, 0x28]), 'not valid UTF-8'],
    ['a frame that is none', raw([0xf1, 0x00]), 'breaks the WebSocket protocol'],
    ['half of a frame, and then nothing', (_, wire) => wire.end(Buffer.from([0x81, 0x7e, 0x10])), 'broke off (1006)'],
    [
      'a close, after which the service keeps the connection',
      (_, wire) => void wire.pause().write(Buffer.from([0x88, 0x02, 0x03, 0xe9])),
      'the service closed the connection (1001)',
    ],
    ['a close with a reason', (socket) => socket.close(1013, 'try again later'), '(1013: try again later)'],
  ];
  it.each(cases)('%s', { timeout: 10_000 }, async (_, act, says) => {
    const { feed, reaches } = await run(streaming(act), 'ws', { messageBytesMax: 1_000 });
    await reaches('waiting');
    expect(feed.explain()).toContain(says);
    expect(feed.view.metrics).toMatchObject({ connections: 1, failures: 1, received: 0 });
  });
});

it('a service that only sends pings streams, and the feed says that no message comes', async () => {
  let beat = (): void => {};
  const { feed, clock, reaches } = await run(
    streaming((socket) => {
      beat = () => socket.ping();
    }),
  );
  await reaches('streaming');
  for (let n = 1; n <= 6; n += 1) {
    await clock.advance(14_000);
    beat();
    await until(() => feed.view.metrics.beats >= n);
  }
  expect(feed.state).toBe('streaming');
  expect(feed.view.metrics).toMatchObject({ received: 0, connections: 1 });
  expect(feed.explain()).toBe(
    'Feed main streams, but is quiet: for 84 s only other frames, such as pings came, and no message has come.',
  );
});
