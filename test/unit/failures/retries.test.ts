import { describe, expect, it } from 'vitest';
import {
  createTestRouter,
  fail,
  message,
  messages,
  type Reaction,
  reject,
  type TestMessage,
  type TestRouter,
} from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

const busy = (retryAfterMs: number): Reaction<TestMessage> =>
  reject(Object.assign(new Error('busy'), { retryAfterMs }));

/** Fails the first attempt of every batch. */
const failFirst: Reaction<TestMessage> = ({ context: { attempt } }) => {
  if (attempt === 1) throw new Error('the first time');
};

async function waitOf(rig: TestRouter): Promise<number> {
  await rig.advance(0);
  const { state, endsInMs } = rig.router.explain('tick');
  expect(state).toBe('retrying');
  return endsInMs ?? Number.NaN;
}

describe('R6.2 the wait before another attempt', () => {
  it('is anything from nothing to the whole backoff, which doubles up to `delayMsMax`', async () => {
    const waits: number[][] = [[], [], [], []];
    for (let seed = 1; seed <= 40; seed += 1) {
      const retry = { attempts: 9, delayMs: 100, factor: 2, delayMsMax: 300 };
      const rig = await createTestRouter({ seed, sinks: { tick: { retry } } });
      rig.sink('tick').otherwise = fail();
      rig.router.route(message('tick', 0));
      for (const found of waits) {
        const wait = await waitOf(rig);
        found.push(wait);
        await rig.clock.advance(Math.ceil(wait) || 1);
      }
    }
    for (const [index, limit] of [100, 200, 300, 300].entries()) {
      const found = waits[index] ?? [];
      expect(Math.max(...found)).toBeLessThanOrEqual(limit);
      expect(Math.max(...found)).toBeGreaterThan(limit * 0.8);
      expect(Math.min(...found)).toBeLessThan(limit * 0.2);
    }
  });

  it('is at least what the sink asks for by `retryAfterMs`, however short its own backoff is', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 1, delayMsMax: 1 } } } });
    rig.sink('tick').script.push(busy(60_000));
    rig.router.routeAll(messages('tick', 3));
    expect(await waitOf(rig)).toBe(60_000);
    await rig.advance(59_999);
    expect(rig.metrics('tick').calls).toBe(1);
    await rig.advance(1);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
  });

  it('of nothing is none: a backoff of 0 tries again at once, and no state lies between the attempts', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 0 } } } });
    rig.sink('tick').otherwise = failFirst;
    rig.router.routeAll(messages('tick', 3));
    await rig.advance(0);
    expect([rig.clock.now(), numbersOf(rig.sink('tick').delivered)]).toEqual([0, [0, 1, 2]]);
    expect(rig.facts('batch.failed').length).toBe(3);
    expect(rig.facts('channel.entered').map(({ to }) => to)).not.toContain('retrying');
  });

  const interruptions: Readonly<Record<string, (rig: TestRouter) => unknown>> = {
    'a pause': async (rig) => {
      rig.router.pause();
      await rig.advance(10);
      rig.router.resume();
    },
    'a breaker that cools down sooner': (rig) => rig.router.trip('tick'),
    'a reload': (rig) => rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { partitions: 2 } } })),
  };
  it.each(Object.keys(interruptions))('outlasts %s', async (name) => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: { coolDownMs: 100, coolDownMsMax: 100 } } } });
    rig.sink('tick').script.push(busy(60_000));
    rig.router.routeAll(messages('tick', 3));
    await rig.advance(1_000);
    await interruptions[name]?.(rig);
    await rig.advance(1_000);
    expect(rig.router.explain('tick').endsInMs).toBeGreaterThan(57_000);
    await rig.advance(57_000);
    expect(rig.metrics('tick').calls).toBe(1);
    await rig.advance(2_000);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
  });

  const orders: Readonly<Record<string, (rig: TestRouter) => unknown>> = {
    flush: ({ router }) => router.flush('tick'),
    reset: ({ router }) => router.reset('tick'),
    restart: ({ router }) => router.restart('tick'),
  };
  it.each(Object.keys(orders))('is ended by `%s`, whoever asked for it', async (name) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').script.push(busy(60_000));
    rig.router.routeAll(messages('tick', 3));
    await rig.advance(1_000);
    orders[name]?.(rig);
    await rig.advance(200);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
  });

  it.each(Object.keys(orders))('is ended by `%s` while the breaker is open, too', async (name) => {
    const breaker = { minimumCalls: 1, window: { count: 1 }, coolDownMs: 30_000, probes: 1 };
    const rig = await createTestRouter({ sinks: { tick: { breaker } } });
    rig.sink('tick').script.push(busy(60_000));
    rig.router.routeAll(messages('tick', 3));
    await rig.advance(1_000);
    expect(rig.router.explain('tick')).toMatchObject({ state: 'tripped', endsInMs: 59_000 });
    orders[name]?.(rig);
    await rig.advance(200);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
  });

  it('is not longer than `retryAfterMsMax`, and that is said', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { retryAfterMsMax: 60_000 } } } });
    rig.sink('tick').script.push(busy(30 * 86_400_000));
    rig.router.route(message('tick', 0));
    expect(await waitOf(rig)).toBe(60_000);
    expect(rig.facts('callback.failed').map(({ place, error }) => `${place}: ${error}`)).toEqual([
      'retry-after: Error: retryAfterMs asks for 2592000000 ms, retry.retryAfterMsMax is 60000 ms',
    ]);
  });

  // The simulated clock begins at the start of 2024.
  const headers = [
    '120',
    ' 120 ',
    'Mon, 01 Jan 2024 00:02:00 GMT',
    'Monday, 01-Jan-24 00:02:00 GMT',
    'Mon Jan  1 00:02:00 2024',
  ];
  it.each(headers)('may be asked for by the header `Retry-After: %s`', async (retryAfterMs) => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 1, delayMsMax: 1 } } } });
    rig.sink('tick').script.push(reject({ retryAfterMs }));
    rig.router.route(message('tick', 0));
    expect(await waitOf(rig)).toBe(120_000);
    expect(rig.facts('callback.failed')).toEqual([]);
  });

  it('is kept by a batch that is split or set aside, and the longest of several is', async () => {
    const asking: Reaction<TestMessage> = ({ batch, context }) => {
      for (const index of batch.keys()) context.fail(index, { retryAfterMs: 1_000 * (index + 1) });
    };
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 4, retry: { attempts: 1, delayMs: 1 } } } });
    rig.sink('ohlcv').script.push(asking, asking);
    rig.router.routeAll(messages('ohlcv', 4));
    await rig.advance(60_000);
    expect(rig.sink('ohlcv').calls.map(({ at, batch }) => [at, batch.length])).toEqual([
      [0, 4],
      [4_000, 2],
      [6_000, 1],
      [6_000, 1],
      [6_000, 2],
    ]);
  });

  it('of a failed probe is that of the next probe', async () => {
    const breaker = { coolDownMs: 1_000, coolDownMsMax: 1_000, probes: 1 };
    const rig = await createTestRouter({ sinks: { tick: { breaker } } });
    rig.sink('tick').script.push(busy(60_000));
    rig.router.trip('tick');
    rig.router.route(message('tick', 0));
    await rig.advance(1_000);
    expect(rig.metrics('tick')).toMatchObject({ state: 'tripped', calls: 1 });
    await rig.advance(59_000);
    expect(rig.metrics('tick').calls).toBe(1);
    await rig.advance(2_000);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
  });

  it('of an answer that is no number, or a cursed one, is the backoff', async () => {
    const cursed = {
      get retryAfterMs() {
        throw new Error('cursed');
      },
    };
    for (const error of [
      { retryAfterMs: 'soon' },
      { retryAfterMs: Number.NaN },
      { retryAfterMs: -1 },
      cursed,
      null,
      'text',
    ]) {
      const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 10, delayMsMax: 10 } } } });
      rig.sink('tick').script.push(reject(error));
      rig.router.route(message('tick', 0));
      await rig.advance(10);
      expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
      const isIgnored = error !== null && typeof error === 'object' && error !== cursed;
      expect(rig.facts('callback.failed').map(({ place }) => place)).toEqual(isIgnored ? ['retry-after'] : []);
    }
  });
});
