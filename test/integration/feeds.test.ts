import { describe, expect, it, onTestFinished } from 'vitest';
import { createFeed, type Feed, type FeedFacts, type FeedOptions } from '../../src/feeds/index.ts';
import { createTestRouter, hold } from '../../src/testing/index.ts';
import { createSimulatedClock, type SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { FakeRouter } from '../support/feed-rig.ts';
import { FeedServer, type Manners, type Traffic } from '../support/feed-server.ts';
import { type Service, services } from '../support/feed-services.ts';
import { ofRecordings } from '../support/recordings.ts';

/** Tells when a message came that a test waits for. */
class WaitingRouter extends FakeRouter {
  #wanted: { readonly is: (message: unknown) => boolean; readonly resolve: () => void } | undefined;

  override route(message: unknown) {
    const outcome = super.route(message);
    if (this.#wanted?.is(message) === true) this.#wanted.resolve();
    return outcome;
  }

  until(is: (message: unknown) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { is, resolve };
    });
  }
}

interface Connected {
  readonly server: FeedServer;
  readonly feed: Feed;
  readonly router: WaitingRouter;
  readonly clock: SimulatedClock;
  /** Resolves when the feed has entered the state. */
  entered(state: string): Promise<FeedFacts['feed.entered']>;
}

/** A feed and a service on this computer; waits of the feed end at once if it `hurries`. */
async function connect(
  service: Service,
  manners: Manners,
  traffic: Partial<Traffic> = {},
  options: Partial<FeedOptions> = {},
  hurries = true,
): Promise<Connected> {
  const server = await FeedServer.start(manners, traffic);
  const clock = createSimulatedClock();
  const router = new WaitingRouter();
  const { profile, names: subscribe, credentials } = service;
  const feed = createFeed({
    ...{ name: profile.name, profile, url: server.url, subscribe, to: router, clock, random: () => 0.5 },
    ...(credentials && { credentials }),
    ...options,
  });
  if (hurries)
    feed.events.on('feed.entered', ({ to }) => {
      if (to === 'waiting') queueMicrotask(() => void clock.advance(feed.view.retryInMs ?? 0));
    });
  onTestFinished(async () => {
    feed.stop();
    await server.stop();
  });
  const entered: Connected['entered'] = (state) =>
    new Promise((resolve) => feed.events.on('feed.entered', (fact) => fact.to === state && resolve(fact)));
  return { server, feed, router, clock, entered };
}

describe.each(Object.entries(services))('R9.2 %s', (_name, service) => {
  it('connects, logs in, subscribes and streams', async () => {
    const { feed, server, entered } = await connect(service, service.manners());
    const states: string[] = [];
    feed.events.on('feed.entered', ({ to }) => states.push(to));
    const streaming = entered('streaming');
    feed.start();
    await streaming;
    const login = service.credentials === undefined ? [] : ['authenticating'];
    expect(states).toEqual(['connecting', ...login, 'subscribing', 'streaming']);
    expect(feed.view.subscriptions).toEqual(Object.fromEntries(service.names.map((name) => [name, 'accepted'])));
    expect(server.requests.length).toBe(login.length + 1);
  });

  it('a refusal ends in failed, once, with what the service said, and without a secret', async () => {
    const { feed, server, entered } = await connect(service, service.manners(true));
    const failed = entered('failed');
    feed.start();
    await failed;
    expect(feed.explain()).toMatch(/failed: the service says: .+ It does not try again until feed.reconnect\(\)/);
    expect(feed.view.metrics).toMatchObject({ connections: 1 });
    expect(feed.view.metrics.refusals).toBeGreaterThan(0);
    for (const secret of Object.values(service.credentials ?? {}))
      expect(JSON.stringify([feed.view, feed.explain()])).not.toContain(secret);
    expect(server.requests.length).toBeGreaterThan(0);
  });

  it('what says that there is too much makes the feed wait for ten seconds', async () => {
    // Binance says so by closing, which any end of a connection covers.
    if (service.limit === undefined) return expect(service.profile.name).toContain('binance');
    const manners = { ...service.manners(), answers: () => [service.limit] };
    const { feed, entered } = await connect(service, manners, {}, {}, false);
    const waiting = entered('waiting');
    feed.start();
    await waiting;
    expect(feed.view).toMatchObject({ retryInMs: 10_000, metrics: { limits: 1, failures: 1 } });
    expect(feed.explain()).toMatch(/waits: the service says: .+[^.]\. Attempt 2 comes in 10 s/);
  });

  it.skipIf(ofRecordings)(
    `a recording${ofRecordings}, cut off again and again with garbage between: all is delivered or a gap`,
    async () => {
      const frames = await service.frames();
      expect(frames.length).toBeGreaterThan(10);
      const cutEvery = Math.ceil(frames.length / 7);
      const garbage = ['{"half a fra', '<html>proxy</html>', '42', new Uint8Array([1, 2, 3])];
      const traffic = { frames, cutEvery, lostEach: 3, garbage };
      const { feed, server, router } = await connect(service, service.manners(), traffic);
      const isLast = lastOf(service, frames);
      const last = router.until(isLast);
      feed.start();
      await last;
      const { metrics } = feed.view;
      expect(server.isDone).toBe(true);
      expect(server.lost).toBeGreaterThan(10);
      expect(metrics.received).toBe(frames.length - server.lost);
      expect(metrics.delivered + metrics.gaps.missing).toBe(frames.length);
      expect(metrics).toMatchObject({ conserved: true, repeated: 0, faults: 0 });
      expect(metrics.reconnects).toBeGreaterThan(4);
      expect(feed.gaps.filter(({ reason }) => reason === 'reconnect').length).toBe(metrics.reconnects);
      expect(metrics.garbage).toBeGreaterThan(0);
    },
  );
});

it('a channel that is full pauses the feed, and has every message in order once its sink moves again', async () => {
  const rig = await createTestRouter({
    sinks: { tick: { dataType: 'tick', batchSize: 10, capacity: 20, overflow: 'reject', processTimeoutMs: 60_000 } },
  });
  const call = hold();
  rig.sink('tick').script.push(call);
  const frames = Array.from({ length: 300 }, (_, index) =>
    JSON.stringify({ e: 'trade', s: 'A', t: index + 1, p: '1' }),
  );
  const service = services.binance as Service; // It is one of those above.
  const { feed } = await connect(service, service.manners(), { frames }, { to: rig.router, clock: rig.clock });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  feed.start();
  while (!feed.view.isPaused) await turn();
  // What was on its way when the socket was paused.
  const held = feed.view.metrics.received - 30;
  expect(feed.view).toMatchObject({ isPaused: true, metrics: { delivered: 30, held, dropped: 0 } });
  call.succeed();
  for (; rig.metrics('tick').delivered < 300; await turn()) await rig.advance(10);
  const numbers = rig.sink('tick').delivered.map((message) => (message as { readonly t?: unknown }).t);
  expect(numbers).toEqual(frames.map((_, index) => index + 1));
  expect(feed.view).toMatchObject({ isPaused: false, metrics: { delivered: 300, held: 0, gaps: { found: 0 } } });
});

function lastOf({ profile }: Service, frames: readonly string[]): (message: unknown) => boolean {
  const frame: unknown = JSON.parse(frames.at(-1) ?? '');
  const [element] = Array.isArray(frame) ? frame : [frame];
  const inside = profile.unwrap?.(element) ?? element;
  const last = profile.sequence?.(Array.isArray(inside) ? inside[0] : inside);
  return (message) => {
    const own = profile.sequence?.(message);
    return own?.of === last?.of && own?.number === last?.number;
  };
}
