import { describe, expect, it } from 'vitest';
import type { RestartLimits } from '../../../src/core/restart-limit.ts';
import type { Reaction, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, hang, messages } from '../../../src/testing/index.ts';
import { createCrash } from '../../support/crash.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter } from '../../support/routed.ts';

const hangs = { processTimeoutMs: 20, abandonAfterMs: 10 };

/** Reacts to the first attempt of every `nth` batch, and delivers everything else. */
function everyNth(nth: number, react: Reaction<TestMessage>): Reaction<TestMessage> {
  let batches = 0;
  return (call) => {
    if (call.context.attempt > 1) return;
    batches += 1;
    return batches % nth === 0 ? react(call) : undefined;
  };
}

/** Numbers that were handed over more than once, and in which attempts. */
function repeated(rig: TestRouter): readonly { readonly n: number; readonly attempts: readonly number[] }[] {
  const attempts = new Map<number, number[]>();
  for (const call of rig.sink('ohlcv').calls)
    for (const { n } of call.batch) attempts.set(n, [...(attempts.get(n) ?? []), call.attempt]);
  return [...attempts].flatMap(([n, made]) => (made.length > 1 ? [{ n, attempts: made }] : []));
}

describe('R6.2 a channel that crashes at every 100th batch', () => {
  const kinds = ['hangs', 'is restarted by hand', 'throws in its statechart'] as const;

  it.each(kinds)(
    'because it %s: delivers everything, in order, and twice only what is marked as another attempt',
    async (kind) => {
      const crash = createCrash();
      const restart = { limit: 5, withinMs: 60_000, delayMs: 10 };
      const rig = await createTestRouter({
        sinks: { ohlcv: { ...hangs, batchSize: 5, capacity: 10_000, restart } },
        inspect: crash.inspect,
      });
      const react: Readonly<Record<(typeof kinds)[number], Reaction<TestMessage>>> = {
        hangs: hang(),
        'is restarted by hand': (call) => {
          call.clock.setTimeout(() => rig.router.restart('ohlcv'), 1);
          return hang()(call);
        },
        'throws in its statechart': (call) => {
          call.clock.setTimeout(() => crash.crash('ohlcv'), 1);
          return hang()(call);
        },
      };
      rig.sink('ohlcv').otherwise = everyNth(100, react[kind]);
      for (let n = 0; n < 2_500; n += 10) {
        rig.router.routeAll(messages('ohlcv', 10, n));
        await rig.clock.advance(20);
      }
      expect(await deliveredAfter(rig, 'ohlcv', 60_000)).toEqual(numbers(2_500));
      expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 2_500, deadLettered: 0, restarts: 5, state: 'idle' });
      expect(repeated(rig)).toHaveLength(25);
      for (const { attempts } of repeated(rig)) expect(attempts).toEqual([1, 2]);
      expect(rig.router.state).toBe('running');
      expect(rig.facts('channel.gaveUp')).toEqual([]);
    },
  );

  it('past the intensity is given up: router degraded, mailbox intact; `restart` brings it back without loss', async () => {
    const restart = { limit: 2, withinMs: 60_000, delayMs: 10 };
    const rig = await createTestRouter({ sinks: { ohlcv: { ...hangs, batchSize: 5, capacity: 10_000, restart } } });
    rig.sink('ohlcv').otherwise = everyNth(100, hang());
    rig.router.routeAll(messages('ohlcv', 2_500));
    await rig.advance(60_000);
    expect(rig.metrics('ohlcv')).toMatchObject({
      state: 'failed',
      delivered: 299 * 5,
      buffered: 2_500 - 299 * 5,
      inFlight: 0,
    });
    expect(rig.facts('channel.gaveUp')).toMatchObject([{ channel: 'ohlcv', restarts: 2 }]);
    expect(rig.router.state).toBe('degraded');
    expect(rig.router.alerts).toMatchObject([{ alert: 'given-up', channel: 'ohlcv' }, { alert: 'oldest-message' }]);
    expect(rig.router.explain('ohlcv')).toMatchObject({ state: 'failed', endsInMs: null, waiting: 2_500 - 299 * 5 });
    rig.router.restart('ohlcv');
    expect(await deliveredAfter(rig, 'ohlcv', 60_000)).toEqual(numbers(2_500));
    expect(rig.router).toMatchObject({ state: 'running', alerts: [] });
  });
});

describe('R6.2 the supervisor', () => {
  async function crashing(restart: Partial<RestartLimits>) {
    const { crash, inspect } = createCrash();
    return { crash, rig: await createTestRouter({ sinks: { ohlcv: { restart } }, inspect }) };
  }

  it('doubles the wait before each restart, up to `delayMsMax`, and counts within a sliding window', async () => {
    const { crash, rig } = await crashing({ limit: 10, withinMs: 10_000, delayMs: 100, delayMsMax: 400 });
    const delays: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      crash('ohlcv');
      delays.push(rig.router.explain('ohlcv').endsInMs ?? -1);
      await rig.advance(500);
    }
    await rig.advance(10_000);
    crash('ohlcv');
    delays.push(rig.router.explain('ohlcv').endsInMs ?? -1);
    expect(delays).toEqual([100, 200, 400, 400, 400, 100]);
    expect(rig.facts('channel.restarted').map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps to its latest plan: one made before a restart by hand is void', async () => {
    const { crash, rig } = await crashing({ limit: 5, withinMs: 600_000, delayMs: 20_000, delayMsMax: 20_000 });
    crash('ohlcv');
    await rig.advance(19_000);
    rig.router.restart('ohlcv');
    await rig.advance(0);
    crash('ohlcv');
    await rig.advance(19_999);
    expect(rig.metrics('ohlcv').state).toBe('failed');
    await rig.advance(1);
    expect(rig.metrics('ohlcv').state).toBe('idle');
  });

  it('never starts a channel that it gave up, however old the plan to do so', async () => {
    const restart = { limit: 1, withinMs: 600_000, delayMs: 20_000, delayMsMax: 20_000 };
    const { crash, rig } = await crashing(restart);
    crash('ohlcv');
    await rig.advanceUntil(rig.router.reconfigure({ channels: { ohlcv: { restart: { ...restart, delayMs: 10 } } } }));
    rig.router.restart('ohlcv');
    await rig.advance(0);
    crash('ohlcv');
    await rig.advance(10);
    crash('ohlcv');
    await rig.advance(0);
    expect(rig.facts('channel.gaveUp')).toHaveLength(1);
    await rig.advance(60_000);
    expect(rig.metrics('ohlcv')).toMatchObject({ state: 'failed', restarts: 2 });
  });
});
