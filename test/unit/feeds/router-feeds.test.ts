import { describe, expect, it } from 'vitest';
import type { FeedOptions } from '../../../src/feeds/index.ts';
import { prometheusText } from '../../../src/metrics/index.ts';
import { createTestRouter, type TestRouter } from '../../../src/testing/index.ts';
import { FeedRig, fakeProfile } from '../../support/feed-rig.ts';

const profile = fakeProfile({ recognize: { field: 'kind', types: { trade: 'tick' } } });

function trades(from: number, to: number, more: object = {}): readonly object[] {
  return Array.from({ length: to - from + 1 }, (_, n) => ({ kind: 'trade', sym: 'A', n: from + n, ...more }));
}

/** A router that was not started, with feeds whose sockets the test plays. */
async function routerWith(names: readonly string[], options: Partial<FeedOptions> = {}, capacity = 100) {
  const test = await createTestRouter({ isStarted: false, sinks: { tick: { batchSize: 1, capacity } } });
  const rigs = names.map((name) => {
    const rig = new FeedRig({ name, profile, to: test.router, clock: test.clock, ...options });
    test.router.feeds.add(rig.feed);
    return rig;
  });
  // The names are as many as the rigs.
  return { test, rigs, rig: rigs[0] as FeedRig, router: test.router };
}

/** The same, and they run. */
async function runningWith(...given: Parameters<typeof routerWith>) {
  const made = await routerWith(...given);
  await started(made.test, made.rigs);
  return made;
}

async function started(test: TestRouter, rigs: readonly FeedRig[]): Promise<void> {
  await test.advanceUntil(test.router.start());
  for (const rig of rigs) rig.resume();
}

function alertsOf({ router }: TestRouter): readonly string[] {
  return router.alerts.map(({ alert, feed }) => `${feed} ${alert}`);
}

describe('R9.1 a router starts and stops its feeds', () => {
  it('a feed connects when the router starts, and what it brings is delivered', async () => {
    const { test, rig, router } = await routerWith(['main']);
    expect(router.feeds.views.get('main')?.state).toBe('new');
    expect(rig.sockets).toHaveLength(0);
    await started(test, [rig]);
    rig.say(trades(1, 3));
    await test.advance(10);
    expect(router.metrics().feeds.main).toMatchObject({ state: 'streaming', received: 3, delivered: 3 });
    expect(test.metrics('tick').delivered).toBe(3);
    await test.stop();
  });

  it('a feed that is added while the router runs starts at once', async () => {
    const { test, router } = await runningWith([]);
    const rig = new FeedRig({ profile, to: router, clock: test.clock });
    expect(router.feeds.add(rig.feed)).toBe(rig.feed);
    expect(rig.feed.state).toBe('connecting');
    await test.stop();
  });

  it('a stop ends the feeds before any channel refuses, and its report has what nobody had room for', async () => {
    const { test, rig, router } = await runningWith(['main'], {}, 1);
    router.pause('tick');
    rig.say(trades(1, 3));
    const states: string[] = [];
    router.events.on('feed.entered', ({ to }) => states.push(`feed ${to}`));
    router.events.on('channel.entered', ({ to }) => states.push(to));
    const report = await test.stop({ deadlineMs: 1_000 });
    expect(states[0]).toBe('feed stopped');
    expect(rig.socket.did.at(-1)).toBe('close');
    expect(report.feeds.main?.returnedMessages).toEqual(trades(2, 3));
    expect(report.channels.tick?.rejected).toBe(1);
    expect(report).toMatchObject({ conserved: true, feeds: { main: { view: { state: 'stopped' } } } });
  });

  it('a feed of a router that never started opens no socket when that is stopped', async () => {
    const { test, rig } = await routerWith(['main']);
    const report = await test.stop();
    expect(report.feeds.main?.view.state).toBe('stopped');
    expect(rig.sockets).toHaveLength(0);
    rig.feed.start();
    expect(rig.sockets).toHaveLength(0);
  });

  it('the end of the host ends the feeds as well', async () => {
    const { test, rig, router } = await runningWith(['main']);
    (router.actor as unknown as { stop(): void }).stop();
    expect(rig.feed.state).toBe('stopped');
    await test.stop();
  });

  it('one that is removed is stopped, forgotten, and its alerts are cleared', async () => {
    const { test, router } = await runningWith(['main']);
    await test.advance(61_000);
    expect(alertsOf(test)).toEqual(['main feed-silent']);
    expect(router.feeds.remove('main').view.state).toBe('stopped');
    expect(alertsOf(test)).toEqual([]);
    expect(Object.keys(router.metrics().feeds)).toEqual([]);
    expect(() => router.feeds.remove('main')).toThrow("no feed 'main'; there is none");
    await test.stop();
  });
});

describe('a router refuses', () => {
  it.each([
    [{}, 'feeds.add takes what createFeed of sluice/feeds has made'],
    [undefined, 'feeds.add takes what createFeed of sluice/feeds has made'],
  ])('what is no feed', async (feed, message) => {
    const { test, router } = await routerWith([]);
    expect(() => router.feeds.add(feed as never)).toThrow(message);
    await test.stop();
  });

  it('a name that is taken or cannot be, limits that are none, and a feed after its stop', async () => {
    const { test, router } = await routerWith(['main']);
    const named = (name: string) => new FeedRig({ name, profile, to: router, clock: test.clock }).feed;
    expect(() => router.feeds.add(named('tick'))).toThrow("there is a channel 'tick' already");
    expect(() => router.feeds.add(named('main'))).toThrow("there is a feed 'main' already");
    expect(() => router.add('main', class {} as never)).toThrow("there is a feed 'main' already");
    expect(() => router.feeds.add(named('US Stocks'))).toThrow("got 'US Stocks'");
    expect(() => router.feeds.add(named('b'), { lagMs: 0 })).toThrow('lagMs must be a number of ms above 0, got 0');
    expect(() => router.feeds.add(named('b'), { lagsMs: 1 } as never)).toThrow("did you mean 'lagMs'?");
    await test.stop();
    expect(() => router.feeds.add(named('b'))).toThrow('the router was stopped');
  });
});

describe('a feed of a router is seen', () => {
  it('its facts are those of the router', async () => {
    const { test, rig } = await runningWith(['main']);
    rig.say(trades(1, 1));
    rig.say(trades(5, 5));
    rig.say('<html>');
    expect(test.facts('feed.entered').map(({ to }) => to)).toEqual(['connecting', 'subscribing', 'streaming']);
    expect(test.facts('feed.gap')).toMatchObject([{ feed: 'main', from: 2, to: 4, missing: 3 }]);
    expect(test.facts('feed.garbage')).toHaveLength(1);
    await test.stop();
  });

  it('explain says its sentence in each state', async () => {
    const { test, rig, router } = await routerWith(['main']);
    expect(router.explain('main').sentence).toBe('Feed main was not started.');
    await started(test, [rig]);
    rig.say(trades(1, 2));
    expect(router.explain('main')).toMatchObject({
      sentence: 'Feed main streams: 2 messages so far.',
      cause: 'the service accepted the subscriptions',
    });
    rig.end();
    expect(router.explain('main')).toMatchObject({ state: 'waiting', cause: 'the connection ended', endsInMs: 250 });
    router.restart('main');
    expect(router.explain('main').state).toBe('connecting');
    await test.stop();
    expect(router.explain('main').endsBy).toBe('nothing');
  });

  it('its health is that of its state, and one of twenty that waits makes the router degraded', async () => {
    const { test, rigs, router } = await runningWith(Array.from({ length: 20 }, (_, n) => `feed-${n}`));
    expect(router.health().status).toBe('healthy');
    rigs[7]?.end();
    expect(router.health()).toMatchObject({
      ready: true,
      status: 'degraded',
      feeds: { 'feed-7': { status: 'degraded', state: 'waiting' }, 'feed-8': { status: 'healthy' } },
    });
    await test.stop();
  });

  it('metrics tell its state, counts, age and lag', async () => {
    const { test, rig, router } = await runningWith(['main']);
    rig.say(trades(1, 4, { at: test.clock.wallTime() - 2_500 }));
    rig.answer({ is: 'notice' });
    await test.advance(3_000);
    const lines = prometheusText(router).split('\n');
    for (const line of [
      'sluice_feed_state{feed="main",state="streaming"} 1',
      'sluice_feed_state{feed="main",state="waiting"} 0',
      'sluice_feed_messages_received_total{feed="main"} 4',
      'sluice_feed_messages_settled_total{feed="main",fate="delivered"} 4',
      'sluice_feed_last_message_age_seconds{feed="main"} 3',
      'sluice_feed_lag_seconds{feed="main"} 2.5',
      'sluice_feed_control_total{feed="main"} 2',
      'sluice_feed_reconnects_total{feed="main"} 0',
    ])
      expect(lines).toContain(line);
    await test.stop();
  });
});

describe('alerts about feeds', () => {
  it('feed-silent: the dead one among twenty, until a message comes, also beside one that enters states all the time', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `feed-${n}`);
    const { test, rigs } = await runningWith(names, { backoff: { delayMs: 100 }, stableMs: 1 });
    for (let n = 0; n < 122; n += 1) {
      rigs[7]?.end();
      await test.advance(100);
      rigs[7]?.resume();
      await test.advance(400);
      for (const rig of rigs)
        if (rig === rigs[3]) rig.socket.listener.beat();
        else rig.say(trades(n, n));
    }
    expect(alertsOf(test)).toEqual(['feed-7 feed-flapping', 'feed-3 feed-silent']);
    rigs[7]?.feed.stop();
    expect(test.router.alerts[0]?.text).toBe('no message came for 61.0 s; it is streaming');
    await test.advance(2_000);
    expect(test.router.alerts[0]?.text).toBe('no message came for 63.0 s; it is streaming');
    expect(test.router.health().feeds['feed-3']).toMatchObject({ status: 'degraded', state: 'streaming' });
    rigs[3]?.say(trades(1, 1));
    await test.advance(1_000);
    expect(alertsOf(test)).toEqual([]);
    expect(test.facts('alert.cleared').at(-1)).toMatchObject({ alert: 'feed-silent', feed: 'feed-3' });
    await test.stop();
  });

  it('feed-silent also when it cannot connect, and never when its socket is paused', async () => {
    const { test, rigs, router } = await routerWith(['dead', 'full'], { silenceMs: 1e9 }, 1);
    router.pause('tick');
    await test.advanceUntil(router.start());
    rigs[1]?.resume();
    rigs[1]?.say(trades(1, 3));
    await test.advance(62_000);
    expect(alertsOf(test)).toContain('dead feed-silent');
    expect(alertsOf(test)).not.toContain('full feed-silent');
    await test.stop({ deadlineMs: 10 });
  });

  it('feed-refused: the login, or some of the subscriptions', async () => {
    const { test, rigs } = await routerWith(['one', 'two'], { subscribe: ['A', 'B'] });
    await test.advanceUntil(test.router.start());
    for (const rig of rigs) rig.socket.listener.opened();
    rigs[0]?.answer({ is: 'subscription-refused', why: 'no such pair', names: ['B'] });
    rigs[0]?.answer({ is: 'subscribed', names: ['A'] });
    rigs[1]?.socket.listener.ended({ is: 'refused', status: 401 });
    expect(test.router.alerts.map(({ feed, text }) => `${feed}: ${text}`)).toEqual([
      'one: the service refused B',
      expect.stringMatching(/^two: the service refused the login: .*401.*; it is not asked again$/),
    ]);
    expect(test.router.health().status).toBe('unhealthy');
    rigs[1]?.feed.reconnect();
    expect(alertsOf(test)).toEqual(['one feed-refused']);
    await test.stop();
  });

  it('feed-flapping: five ends within five minutes, until three of them are older', async () => {
    const { test, rig } = await routerWith(['main']);
    await test.advanceUntil(test.router.start());
    for (let n = 0; n < 5; n += 1) {
      rig.resume();
      rig.say(trades(n, n));
      expect(alertsOf(test)).toEqual([]);
      rig.end();
      if (n < 4) await test.advance(10_000);
    }
    expect(alertsOf(test)).toEqual(['main feed-flapping']);
    await test.advance(10_000);
    rig.resume();
    for (let n = 0; n < 27; n += 1) {
      rig.say(trades(5 + n, 5 + n));
      await test.advance(10_000);
    }
    expect(alertsOf(test)).toEqual([]);
    await test.stop();
  });

  it('feed-lagging: late at three looks in a row, not once', async () => {
    const { test, rig } = await runningWith(['main']);
    const say = async (n: number, lagMs: number): Promise<void> => {
      rig.say(trades(n, n, { at: test.clock.wallTime() - lagMs }));
      await test.advance(1_000);
    };
    await say(1, 60_000);
    await say(2, 5);
    await say(3, 60_000);
    await say(4, 60_000);
    expect(alertsOf(test)).toEqual([]);
    await say(5, 60_000);
    expect(alertsOf(test)).toEqual(['main feed-lagging']);
    await say(6, 5);
    expect(alertsOf(test)).toEqual([]);
    await test.stop();
  });

  it('a router whose feeds were stopped, or that has none, keeps no timer', async () => {
    const { test, rig } = await runningWith(['main']);
    rig.say(trades(1, 1));
    await test.advance(100);
    rig.feed.stop();
    await test.advance(10_000);
    expect(test.clock.pending).toBe(0);
    await test.stop();
  });
});

describe('messages of one type side by side', () => {
  const kinds = fakeProfile({ recognize: { field: 'kind', types: { trade: 'tick', bar: 'ohlcv' } } });
  const mixed = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ kind: n % 4 === 0 ? 'bar' : 'trade', sym: 'A', n }));

  it.each([
    ['channels that need nothing but room', {}, {}],
    ['a channel with several partitions', { partitions: 2 }, {}],
    ['channels with less room than messages', { capacity: 2 }, {}],
    ['a router that records its messages', {}, { recorder: { directory: 'unused', messages: 100 } }],
  ])('are all delivered, in their order, by %s', async (_, channel, more) => {
    const test = await createTestRouter({
      sinks: { tick: { batchSize: 2, timeoutMs: 5, ...channel }, ohlcv: { batchSize: 2, timeoutMs: 5, ...channel } },
      ...more,
    });
    const rig = new FeedRig({ profile: kinds, to: test.router, clock: test.clock });
    rig.stream().say(mixed);
    await test.advance(1_000);
    expect(test.sink('tick').delivered).toEqual(mixed.filter(({ kind }) => kind === 'trade'));
    expect(test.sink('ohlcv').delivered).toEqual(mixed.filter(({ kind }) => kind === 'bar'));
    expect(rig.metrics).toMatchObject({ received: 8, delivered: 8, conserved: true });
    await test.stop();
  });
});
