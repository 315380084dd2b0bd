import { describe, expect, it } from 'vitest';
import type { AlertName } from '../../../src/facts/events.ts';
import {
  busy,
  createTestRouter,
  fail,
  hang,
  message,
  messages,
  slow,
  succeed,
  type TestRouter,
} from '../../../src/testing/index.ts';
import { createCrash } from '../../support/crash.ts';

/** What is raised and cleared, in order, with how long it lasted; `only` this one, if it is given. */
function story(rig: TestRouter, only?: AlertName): string[] {
  const told: string[] = [];
  const isMeant = (alert: AlertName): boolean => only === undefined || only === alert;
  rig.router.events.on('alert.raised', ({ alert, channel }) => isMeant(alert) && told.push(`${alert} ${channel}`));
  rig.router.events.on(
    'alert.cleared',
    ({ alert, channel, lastedMs }) => isMeant(alert) && told.push(`not ${alert} ${channel} ${lastedMs}`),
  );
  return told;
}

describe('R6.4 an alert is raised once and cleared once, with how long it lasted:', () => {
  it('breaker-open, from the trip until the probes have passed', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { breaker: { coolDownMs: 4_000, coolDownMsMax: 4_000, probes: 1 } } },
    });
    const told = story(rig);
    rig.router.trip('tick');
    await rig.advance(10_000);
    expect(told).toEqual(['breaker-open tick']);
    expect(rig.router.alerts).toMatchObject([
      { alert: 'breaker-open', channel: 'tick', text: 'the breaker is open: tripped' },
    ]);
    rig.router.route(message('tick', 0));
    await rig.advance(1_000);
    expect(told).toEqual(['breaker-open tick', 'not breaker-open tick 10000']);
    expect(rig.router.alerts).toEqual([]);
  });

  it('given-up, until a restart by hand', async () => {
    const crash = createCrash();
    const rig = await createTestRouter({ sinks: { tick: { restart: { limit: 0 } } }, inspect: crash.inspect });
    const told = story(rig);
    crash.crash('tick');
    await rig.advance(60_000);
    rig.router.restart('tick');
    await rig.advance(1_000);
    expect(told).toEqual(['given-up tick', 'not given-up tick 60000']);
  });

  it('hung, from `processTimeoutMs` until the call is abandoned', async () => {
    const rig = await createTestRouter({ sinks: { tick: { processTimeoutMs: 2_000, abandonAfterMs: 3_000 } } });
    const told = story(rig, 'hung');
    rig.sink('tick').script.push(hang());
    rig.router.route(message('tick', 0));
    await rig.advance(60_000);
    expect(told).toEqual(['hung tick', 'not hung tick 3000']);
  });

  it('mailbox-high, from 80 % until below 60 %', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 10, priority: 2 } } });
    const told = story(rig, 'mailbox-high');
    rig.sink('tick').otherwise = slow(1_500);
    rig.router.routeAll(messages('tick', 10));
    await rig.advance(60_000);
    // Of ten, one is in flight: nine wait, then one less every 1.5 s; the looks are at whole seconds.
    expect(told).toEqual(['mailbox-high tick', 'not mailbox-high tick 5000']);
  });

  it('error-rate, from half of the calls of a second until a quarter of them, and not at each state between', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { priority: 2, breaker: false, retry: { attempts: 1 }, timeoutMs: 1 } },
    });
    const told = story(rig);
    for (let second = 0; second < 30; second += 1) {
      for (let count = 0; count < 10; count += 1) {
        // Every third second is better, between the two limits: that ends nothing.
        const isBad = second < 20 && (second % 3 > 0 || count % 3 === 0);
        rig.sink('tick').otherwise = isBad ? fail() : succeed();
        rig.router.route(message('tick', second * 10 + count));
        await rig.clock.advance(100);
      }
    }
    await rig.advance(10_000);
    expect(told).toHaveLength(2);
    expect(told[0]).toBe('error-rate tick');
    expect(told[1]).toMatch(/^not error-rate tick (18|19|20)\d\d\d$/);
  });

  it('error-rate ends as well when the traffic dwindles', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: false, retry: { attempts: 1 } } } });
    const told = story(rig);
    rig.sink('tick').otherwise = fail();
    rig.router.routeAll(messages('tick', 20));
    await rig.advance(1_500);
    rig.sink('tick').otherwise = succeed();
    for (let n = 0; n < 5; n += 1) {
      rig.router.route(message('tick', n));
      await rig.advance(1_000);
    }
    expect(told).toEqual(['error-rate tick', 'not error-rate tick 1000']);
  });

  it('oldest-message, when it has waited ten times `timeoutMs` and five seconds', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { timeoutMs: 700 } } });
    const told = story(rig);
    rig.router.pause();
    rig.router.route(message('ohlcv', 0));
    await rig.advance(6_900);
    expect(told).toEqual([]);
    await rig.advance(3_100);
    rig.router.resume();
    await rig.advance(2_000);
    expect(told).toEqual(['oldest-message ohlcv', expect.stringMatching(/^not oldest-message ohlcv [34]\d\d\d$/)]);
  });

  it('starvation, when a batch is due and gets no turn for longer than `starvationMs`', async () => {
    const channels = {
      ohlcv: { batchSize: 1 },
      fmv: { batchSize: 1, priority: 9 },
      quote: { batchSize: 1, priority: 3 },
    };
    const rig = await createTestRouter({ config: { router: { starvationMs: 500 } }, sinks: channels });
    const told = story(rig, 'starvation');
    // Each call keeps the processor busy for longer than anyone should wait: no order of turns can help.
    for (const name of ['ohlcv', 'fmv']) rig.sink(name).otherwise = busy(3_000);
    rig.router.routeAll([...messages('ohlcv', 1), ...messages('fmv', 1)]);
    rig.router.routeAll(messages('quote', 1), { dataType: 'quote' });
    await rig.advance(30_000);
    expect(told).toEqual([
      'starvation fmv',
      'starvation quote',
      expect.stringMatching(/^not starvation fmv \d+$/),
      expect.stringMatching(/^not starvation quote \d+$/),
    ]);
  });

  it('feed-silent, after `silenceMs` without a message', async () => {
    const rig = await createTestRouter({ sinks: { tick: { silenceMs: 5_000 } } });
    const told = story(rig);
    for (let n = 0; n < 20; n += 1) {
      rig.router.route(message('tick', n));
      await rig.advance(1_000);
    }
    expect(told).toEqual([]);
    await rig.advance(9_000);
    rig.router.route(message('tick', 20));
    await rig.advance(1_000);
    expect(told).toEqual(['feed-silent tick', expect.stringMatching(/^not feed-silent tick [56]000$/)]);
  });

  it('feed-silent also on a channel that is asked to watch by a reload, while nothing happens', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const told = story(rig);
    await rig.advance(60_000);
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { silenceMs: 2_000 } } }));
    await rig.advance(5_000);
    expect(told).toEqual(['feed-silent tick']);
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: {} } }));
    expect(told).toHaveLength(2);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('R6.4 alerts', () => {
  it('do not flap while a sink is down, however long', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: { coolDownMsMax: 5_000 } } } });
    const told = story(rig);
    rig.sink('tick').otherwise = fail();
    for (let n = 0; n < 300; n += 1) {
      rig.router.route(message('tick', n));
      await rig.advance(1_000);
    }
    expect(told.toSorted()).toEqual(['breaker-open tick', 'error-rate tick', 'oldest-message tick']);
    rig.sink('tick').otherwise = succeed();
    await rig.advance(60_000);
    expect(rig.router.alerts).toEqual([]);
    expect(told).toHaveLength(6);
  });

  it('cost an idle router no timer', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {}, fmv: {} } });
    await rig.advance(100);
    expect(rig.clock.pending).toBe(0);
    rig.router.routeAll([...messages('tick', 10), ...messages('ohlcv', 150)]);
    await rig.advance(5_000);
    expect(rig.clock.pending).toBe(0);
  });

  it('of a channel that is taken out are cleared, and end with the router', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
    const told = story(rig);
    rig.router.trip('ohlcv');
    await rig.advanceUntil(rig.router.remove('ohlcv'));
    expect(told).toEqual(['breaker-open ohlcv', expect.stringMatching(/^not breaker-open ohlcv/)]);
    rig.router.trip('tick');
    await rig.stop();
    expect(rig.router.alerts).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });
});
