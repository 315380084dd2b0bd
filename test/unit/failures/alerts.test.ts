import { describe, expect, it } from 'vitest';
import type { AlertName } from '../../../src/facts/events.ts';
import type { Logger } from '../../../src/facts/logging.ts';
import {
  busy,
  createSimulatedClock,
  createTestRouter,
  fail,
  hang,
  memoryBroker,
  message,
  messages,
  reject,
  slow,
  succeed,
  type TestRouter,
} from '../../../src/testing/index.ts';
import { createCrash } from '../../support/crash.ts';
import { routeAndAdvance } from '../../support/routed.ts';

/** What is raised and cleared, in order, with how long it lasted; `only` this one, if it is given. */
function story(rig: TestRouter, only?: AlertName): string[] {
  const told: string[] = [];
  const isMeant = (alert: AlertName): boolean => only === undefined || only === alert;
  rig.router.events.on('alert.raised', ({ alert, channel }) => {
    if (isMeant(alert)) told.push(`${alert} ${channel}`);
    const { channels, ...health } = rig.router.health();
    const status = channel === null ? health.status : channels[channel]?.status;
    if (status === 'healthy') told.push(`${alert} is raised, and the health of ${channel} is ${status}`);
  });
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
    expect(rig.router.alerts).toMatchObject([{ text: 'the breaker is open: tripped' }]);
    await rig.advance(10_000);
    expect(told).toEqual(['breaker-open tick']);
    expect(rig.router.alerts).toMatchObject([
      { alert: 'breaker-open', channel: 'tick', text: 'the breaker is open: probing' },
    ]);
    await routeAndAdvance(rig, message('tick', 0), 1_000);
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
    await routeAndAdvance(rig, message('tick', 0), 3_500);
    const reason = 'a call of process has not settled for 3000 ms';
    expect(rig.router.health()).toMatchObject({
      status: 'degraded',
      channels: { tick: { status: 'degraded', reason } },
    });
    await rig.advance(60_000);
    expect(told).toEqual(['hung tick', 'not hung tick 3000']);
  });

  it('mailbox-high, from 80 % until below 60 %', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 10, priority: 2 } } });
    const told = story(rig, 'mailbox-high');
    rig.sink('tick').otherwise = slow(1_500);
    await routeAndAdvance(rig, messages('tick', 10), 60_000);
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
    await routeAndAdvance(rig, messages('tick', 20), 1_500);
    rig.sink('tick').otherwise = succeed();
    for (let n = 0; n < 5; n += 1) await routeAndAdvance(rig, message('tick', n), 1_000);
    expect(told).toEqual(['error-rate tick', 'not error-rate tick 1000']);
  });

  it('oldest-message, when it has waited ten times `timeoutMs` and five seconds', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { timeoutMs: 700 } } });
    const told = story(rig);
    rig.router.pause();
    await routeAndAdvance(rig, message('ohlcv', 0), 6_900);
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
    for (let n = 0; n < 20; n += 1) await routeAndAdvance(rig, message('tick', n), 1_000);
    expect(told).toEqual([]);
    await rig.advance(9_000);
    await routeAndAdvance(rig, message('tick', 20), 1_000);
    expect(told).toEqual(['feed-silent tick', expect.stringMatching(/^not feed-silent tick [456]000$/)]);
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

describe('R6.4 refusing, when most of what comes is refused,', () => {
  it('is raised for the router with its reasons and its rate, degrades its health, and ends with the refusals', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
    const told = story(rig, 'refusing');
    for (let n = 0; n < 24_000; n += 1) rig.router.route(n % 8 === 0 ? message('tick', n) : { ev: 'Q', n });
    expect(rig.router.health()).toMatchObject({ status: 'healthy', reason: null });
    await rig.advance(1_000);
    const text = expect.stringMatching(
      /^20,999 of the last 23,998 messages were refused, 20,999 a second: 20,999 unknown-type$/,
    );
    expect(rig.router.alerts).toMatchObject([{ alert: 'refusing', channel: null }]);
    expect(rig.router.health()).toMatchObject({ status: 'degraded', live: true, ready: true });
    expect([rig.router.alerts[0]?.text, rig.router.health().reason]).toEqual([text, text]);
    await rig.advance(60_000);
    expect(told).toEqual(['refusing null', 'not refusing null 10000']);
    expect(rig.router.health()).toMatchObject({ status: 'healthy', reason: null });
    expect(rig.clock.pending).toBe(0);
  });

  it('is raised for the channel alone that refuses while the router takes most in', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { capacity: 100 }, tick: {} } });
    rig.router.pause('ohlcv');
    await routeAndAdvance(rig, [...messages('ohlcv', 300), ...messages('tick', 1_000)], 1_000);
    expect(rig.router.alerts).toContainEqual(expect.objectContaining({ alert: 'refusing', channel: 'ohlcv' }));
    const refusing = rig.router.alerts.filter(({ alert }) => alert === 'refusing');
    expect(refusing).toMatchObject([
      { channel: 'ohlcv', text: expect.stringMatching(/^199 of the last 199 messages .* 199 mailbox-full$/) },
    ]);
    expect(rig.router.health().reason).toBe(null);
  });

  it('is raised of a slow feed as well, and not of a few among many', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const told = story(rig, 'refusing');
    for (let n = 0; n < 30; n += 1) await routeAndAdvance(rig, [...messages('tick', 50, n * 50), { ev: 'Q' }], 1_000);
    expect(told).toEqual([]);
    for (let n = 0; n < 15; n += 1) await routeAndAdvance(rig, { ev: 'Q' }, 2_000);
    expect(told).toEqual(['refusing null']);
  });

  it('ends with the router', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    await routeAndAdvance(
      rig,
      Array.from({ length: 100 }, () => ({ ev: 'Q' })),
      1_500,
    );
    await rig.stop();
    expect([rig.router.alerts, rig.clock.pending]).toEqual([[], 0]);
    rig.router.routeAll(Array.from({ length: 100 }, () => ({ ev: 'Q' })));
    expect(rig.clock.pending).toBe(0);
  });
});

it('R6.4 letters-evicted: a full store of dead letters is told, until it has room again', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} }, config: { router: { deadLetters: { capacity: 10 } } } });
  const told = story(rig, 'letters-evicted');
  rig.sink('tick').otherwise = reject(Object.assign(new Error('malformed'), { retryable: false }));
  const giveUp = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) rig.router.route(message('tick', n));
    await rig.advance(100);
  };
  await giveUp(10);
  rig.router.routeAll(Array.from({ length: 100 }, () => null));
  expect(told).toEqual([]);
  await giveUp(3);
  const textOf = (): string | undefined => rig.router.alerts.find(({ alert }) => alert === 'letters-evicted')?.text;
  expect(textOf()).toBe('3 dead letters of accepted messages had to go; the store is 100 % full');
  await giveUp(2);
  expect(textOf()).toMatch(/^5 dead letters/);
  await rig.router.deadLetters.drop({ channel: 'tick', limit: 1 });
  expect(textOf()).toMatch(/90 % full$/);
  await rig.router.deadLetters.drop({ channel: 'tick', limit: 2 });
  expect(told).toEqual(['letters-evicted null', expect.stringMatching(/^not letters-evicted null/)]);
});

it('R6.4 the text of an alert follows the present, also between its two limits', async () => {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 100, priority: 2, batchSize: 10 } } });
  rig.router.pause('tick');
  const fills: (string | undefined)[] = [];
  for (const count of [85, 10, 5]) {
    await routeAndAdvance(rig, messages('tick', count), 1_000);
    fills.push(rig.router.alerts.find(({ alert }) => alert === 'mailbox-high')?.text);
  }
  rig.sink('tick').otherwise = slow(1_000);
  rig.router.resume('tick');
  await rig.advance(3_500);
  fills.push(rig.router.alerts.find(({ alert }) => alert === 'mailbox-high')?.text);
  expect(fills.slice(0, 3).map((text) => /\d+ %/.exec(text ?? '')?.[0])).toEqual(['85 %', '95 %', '100 %']);
  expect(fills[3]).toMatch(/^the mailbox is [67]0 % full$/);
});

describe('R6.4 alerts', () => {
  it('do not flap while a sink is down, however long', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: { coolDownMsMax: 5_000 } } } });
    const told = story(rig);
    rig.sink('tick').otherwise = fail();
    for (let n = 0; n < 300; n += 1) await routeAndAdvance(rig, message('tick', n), 1_000);
    // The rate is not told while the breaker is open.
    const once = [
      'breaker-open tick',
      'error-rate tick',
      expect.stringMatching('not error-rate'),
      'oldest-message tick',
    ];
    expect(told.toSorted()).toEqual(once);
    rig.sink('tick').otherwise = succeed();
    await rig.advance(60_000);
    expect(rig.router.alerts).toEqual([]);
    expect(told).toHaveLength(6);
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

it.each(['refusing', 'source-unreachable', 'breaker-open', 'mailbox-high'])(
  'R6.4 a host that stops the router as its logger hears of %s leaves no timer',
  async (heard) => {
    const clock = createSimulatedClock();
    const { source, cut } = memoryBroker({ clock }).join();
    cut(heard === 'source-unreachable');
    const told: string[] = [];
    const hear = (line: object): void => {
      const { alert } = line as { readonly alert?: string };
      if (alert !== heard || told.push(alert) > 1) return;
      void rig.router.stop({ deadlineMs: 50 }).then(() => told.push(`${rig.clock.pending} timers`));
    };
    const ignore = (): void => {};
    const logger: Logger = { debug: ignore, info: ignore, warn: hear, error: hear, child: () => logger };
    const sinks = { tick: {}, ohlcv: { capacity: 100 }, fmv: { capacity: 100 } };
    const options = { clock, sinks, logger, deadLetters: { store: 'memory' as const } };
    const rig = await createTestRouter({ ...options, sources: { bars: { source, dataType: 'ohlcv' } } });
    rig.sink('tick').otherwise = fail();
    for (const name of ['ohlcv', 'fmv']) rig.router.pause(name);
    for (let n = 0; n < 30 && told.length === 0; n += 1)
      await routeAndAdvance(rig, [...messages('ohlcv', 30), ...messages('fmv', 30), ...messages('tick', 30)], 1_000);
    await rig.advance(100);
    expect(told.at(-1)).toBe('0 timers');
  },
);
