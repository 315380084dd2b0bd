import { describe, expect, it } from 'vitest';
import type { RouterConfigInput } from '../../../src/index.ts';
import type { Reaction, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, fail, hold, message, messages, reject } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

type ChannelInput = NonNullable<RouterConfigInput['channels']>[string];

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

it.each([
  ['throws', fail()],
  ['rejects', reject()],
] as const)('R6.2 a batch that fails goes again, ahead of what came later: %s', async (_name, failure) => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3 } } });
  rig.sink('ohlcv').script.push(failure, failure);
  await routeAndAdvance(rig, messages('ohlcv', 9), 10_000);
  expect(rig.sink('ohlcv').calls.map(({ attempt, batch }) => [attempt, ...numbersOf(batch)])).toEqual([
    [1, 0, 1, 2],
    [2, 0, 1, 2],
    [3, 0, 1, 2],
    [1, 3, 4, 5],
    [1, 6, 7, 8],
  ]);
  expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 9, calls: 5, retries: 2, deadLettered: 0 });
  expect(rig.facts('batch.failed')).toMatchObject([
    { attempt: 1, size: 3 },
    { attempt: 2, size: 3 },
  ]);
});

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
    expect(await deliveredAfter(rig, 'tick', 1)).toEqual([0, 1, 2]);
  });

  describe('that the sink asks for by `retryAfterMs` is that of the sink', () => {
    const ofKeys = (count: number, from = 0) =>
      messages('tick', count, from).map((each) => ({ ...each, sym: `S${each.n}` }));
    /** One partition of four was told to wait a minute. */
    async function asked(config: ChannelInput = {}, restMs = 60_000): Promise<TestRouter> {
      const rig = await createTestRouter({ sinks: { tick: { partitions: 4, ...config } } });
      rig.sink('tick').script.push(busy(restMs));
      await routeAndAdvance(rig, message('tick', 0, 'S0'), 100);
      expect(rig.metrics('tick').calls).toBe(1);
      return rig;
    }

    it.each<readonly [string, ChannelInput]>([
      ['batches', {}],
      ['batches of one', { batchSize: 1 }],
      ['batches of one at priority 1', { batchSize: 1, priority: 1 }],
      ['full batches', { batchSize: 4, priority: 1 }],
      ['no breaker', { breaker: false }],
    ])('so no partition of the channel calls it before: %s', async (_name, config) => {
      const rig = await asked(config);
      for (let n = 1; n < 200; n += 1) await routeAndAdvance(rig, ofKeys(8, 8 * n), 100);
      await rig.clock.advance(60_000 - rig.clock.now() - 1);
      expect(rig.metrics('tick').calls).toBe(1);
      const waiting = rig.router.channels.get('tick')?.partitions.map(({ state }) => state);
      expect(waiting).toEqual(['retrying', 'retrying', 'retrying', 'retrying']);
      await rig.advance(2_000);
      expect(rig.metrics('tick')).toMatchObject({ buffered: 0, delivered: 1_593 });
    });

    it('so a call that was out when it was said changes nothing, and those after it wait', async () => {
      const rig = await createTestRouter({ sinks: { tick: { partitions: 4, batchSize: 1 } } });
      const sink = rig.sink('tick');
      const wait = (ms: number) => new Promise<void>((resolve) => void rig.clock.setTimeout(resolve, ms));
      sink.script.push(() => wait(20).then(() => Promise.reject({ retryAfterMs: 60_000 })));
      sink.otherwise = () => wait(50);
      await routeAndAdvance(rig, ofKeys(8), 5_000);
      const before = rig.metrics('tick').calls;
      expect(before).toBeLessThanOrEqual(4);
      await routeAndAdvance(rig, ofKeys(40, 8), 50_000);
      expect(rig.metrics('tick').calls).toBe(before);
      await rig.advance(10_000);
      expect(rig.metrics('tick')).toMatchObject({ delivered: 48, buffered: 0 });
    });

    it('so all channels that share its breaker wait', async () => {
      const shared = { breaker: { shared: 'database' } };
      const rig = await createTestRouter({ sinks: { tick: shared, ohlcv: { ...shared, batchSize: 1 }, fmv: {} } });
      rig.sink('tick').script.push(busy(60_000));
      await routeAndAdvance(rig, message('tick', 0), 100);
      for (const type of ['ohlcv', 'fmv']) rig.router.routeAll(messages(type, 10));
      await rig.advance(59_000);
      expect([rig.metrics('ohlcv').calls, rig.metrics('fmv').delivered]).toEqual([0, 10]);
      await rig.advance(2_000);
      expect([rig.metrics('ohlcv').delivered, rig.metrics('tick').delivered]).toEqual([10, 1]);
    });

    it('so it holds across a reload to other partitions', async () => {
      const rig = await asked();
      await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { partitions: 3 } } }));
      rig.router.routeAll(ofKeys(30, 1));
      await rig.clock.advance(60_000 - rig.clock.now() - 1);
      expect(rig.metrics('tick').calls).toBe(1);
      await rig.advance(2_000);
      expect(rig.metrics('tick').delivered).toBe(31);
    });

    it('and an operator ends it for all partitions', async () => {
      const rig = await asked();
      await routeAndAdvance(rig, ofKeys(30, 1), 1_000);
      rig.router.flush('tick');
      await rig.advance(100);
      expect(rig.metrics('tick').delivered).toBe(31);
    });

    it('and a drain tries at once, in each partition', async () => {
      const rig = await asked();
      await routeAndAdvance(rig, ofKeys(30, 1), 1_000);
      const report = await rig.stop({ deadlineMs: 5_000 });
      expect(report.channels.tick).toMatchObject({ drained: 31, returned: 0 });
    });

    it('and a partition that has nothing to deliver shows no wait', async () => {
      const rig = await asked();
      const states = rig.router.channels.get('tick')?.partitions.map(({ state }) => state) ?? [];
      expect(states.toSorted()).toEqual(['idle', 'idle', 'idle', 'retrying']);
    });
  });

  it('of nothing is none: a backoff of 0 tries again at once, and no state lies between the attempts', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 0 } } } });
    rig.sink('tick').otherwise = failFirst;
    await routeAndAdvance(rig, messages('tick', 3), 0);
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
    await routeAndAdvance(rig, messages('tick', 3), 1_000);
    await interruptions[name]?.(rig);
    await rig.advance(1_000);
    expect(rig.router.explain('tick').endsInMs).toBeGreaterThan(57_000);
    await rig.advance(57_000);
    expect(rig.metrics('tick').calls).toBe(1);
    expect(await deliveredAfter(rig, 'tick', 2_000)).toEqual([0, 1, 2]);
  });

  const orders: Readonly<Record<string, (rig: TestRouter) => unknown>> = {
    flush: ({ router }) => router.flush('tick'),
    reset: ({ router }) => router.reset('tick'),
    restart: ({ router }) => router.restart('tick'),
  };
  it.each(Object.keys(orders))(
    'is ended by `%s`, whoever asked for it, also while the breaker is open',
    async (name) => {
      const opening = { minimumCalls: 1, window: { count: 1 }, coolDownMs: 30_000, probes: 1 };
      for (const [breaker, state] of [[{}, 'retrying'] as const, [opening, 'tripped'] as const]) {
        const rig = await createTestRouter({ sinks: { tick: { breaker } } });
        rig.sink('tick').script.push(busy(60_000));
        await routeAndAdvance(rig, messages('tick', 3), 1_000);
        expect(rig.router.explain('tick')).toMatchObject({ state, endsInMs: 59_000 });
        orders[name]?.(rig);
        expect(await deliveredAfter(rig, 'tick', 200)).toEqual([0, 1, 2]);
      }
    },
  );

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
    await routeAndAdvance(rig, messages('ohlcv', 4), 60_000);
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
    await routeAndAdvance(rig, message('tick', 0), 1_000);
    expect(rig.metrics('tick')).toMatchObject({ state: 'tripped', calls: 1 });
    await rig.advance(59_000);
    expect(rig.metrics('tick').calls).toBe(1);
    expect(await deliveredAfter(rig, 'tick', 2_000)).toEqual([0]);
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
      { retryAfterMs: Number.POSITIVE_INFINITY },
      { retryAfterMs: -1 },
      cursed,
      null,
      'text',
    ]) {
      const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 10, delayMsMax: 10 } } } });
      rig.sink('tick').script.push(reject(error));
      expect(await deliveredAfter(rig, 'tick', 10, message('tick', 0))).toEqual([0]);
      const isIgnored = error !== null && typeof error === 'object' && error !== cursed;
      expect(rig.facts('callback.failed').map(({ place }) => place)).toEqual(isIgnored ? ['retry-after'] : []);
    }
  });
});

it('the end of a call from before leaves the next attempt where it was announced', async () => {
  const limits = { batchSize: 2, retry: { attempts: 5, delayMs: 800, delayMsMax: 800 } };
  const breaker = { coolDownMs: 100, coolDownMsMax: 100 };
  const rig = await createTestRouter({ sinks: { tick: { ...limits, breaker, processTimeoutMs: 5_000 } } });
  const { router } = rig;
  const held = hold();
  rig.sink('tick').script.push(fail(), held);
  router.routeAll(messages('tick', 2));
  router.trip('tick');
  const smaller = { ...limits, processTimeoutMs: 5_000, batchSize: 1 };
  await rig.advanceUntil(router.reconfigure({ channels: { tick: { ...smaller, breaker } } }));
  await rig.advance(120);
  // The probe has one of the two; nobody waits for it any more.
  expect(rig.router.explain('tick')).toMatchObject({ state: 'probing', inFlight: 1, waiting: 1 });
  router.trip('tick');
  // Closes the breaker and ends no wait.
  const observing = { ...breaker, observeOnly: true };
  await rig.advanceUntil(router.reconfigure({ channels: { tick: { ...smaller, breaker: observing } } }));
  const { state, endsInMs } = router.explain('tick');
  expect(state).toBe('retrying');
  expect(endsInMs).toBeGreaterThan(100);
  held.succeed();
  await rig.advance(50);
  expect(router.explain('tick')).toMatchObject({ state: 'retrying', endsInMs: (endsInMs ?? 0) - 50 });
  expect(await deliveredAfter(rig, 'tick', endsInMs ?? 0)).toEqual([0, 1]);
});
