import { describe, expect, it } from 'vitest';
import { defineChannel, type LifeContext } from '../../../src/index.ts';
import { createTestRouter, hang, message, messages, type TestRouter } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

/** Where a class fails, and how often before it stops failing. */
interface Plan {
  place: 'constructor' | 'warmUp' | 'warmUp async';
  failures: number;
  /** When each life began. */
  readonly lives: number[];
}

async function rigWith(plan: Plan, limits: Record<string, number> = {}, router = {}): Promise<TestRouter> {
  const fail = (): void => {
    plan.lives.push(rig.clock.now());
    plan.failures -= 1;
    if (plan.failures >= 0) throw new Error(`no ${plan.place}`);
  };
  const warmUp = (): void | Promise<void> => {
    if (plan.place === 'warmUp') fail();
    if (plan.place === 'warmUp async') return Promise.resolve().then(fail);
  };
  const rig: TestRouter = await createTestRouter({
    isStarted: false,
    config: { router, channels: { tick: { restart: { delayMs: 100, ...limits } } } },
    channels: {
      tick: () => {
        // The router asks for an instance while the rig is being made; that one fails, and does not count.
        const channel = rig.sink('tick').channel();
        if (plan.place === 'constructor') fail();
        return Object.assign(channel, { warmUp });
      },
    },
  });
  await rig.advanceUntil(rig.router.start());
  return rig;
}

describe('R6.2 a channel that fails in its', () => {
  it.each(['constructor', 'warmUp', 'warmUp async'] as const)(
    '%s is started again with growing delays, and keeps what waits',
    async (place) => {
      const plan: Plan = { place, failures: 3, lives: [] };
      const rig = await rigWith(plan);
      expect(rig.router.state).toBe('degraded');
      expect(rig.router.health().channels.tick).toMatchObject({ status: 'unhealthy', state: 'failed' });
      await rig.advance(5_000);
      expect(plan.lives).toEqual([0, 100, 300, 700]);
      expect(rig.metrics('tick')).toMatchObject({ restarts: 3, state: 'idle' });
      expect(rig.facts('channel.restarted').map(({ n }) => n)).toEqual([1, 2, 3]);
      expect(rig.router.state).toBe('running');
      rig.router.route(message('tick', 0));
      expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
    },
  );
});

it('a warm-up that takes longer than `warmUpTimeoutMs` has failed, and its signal has aborted', async () => {
  const signals: AbortSignal[] = [];
  const warmUp = ({ signal }: LifeContext): Promise<void> => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const rig = await createTestRouter({
    isStarted: false,
    config: { channels: { tick: { warmUpTimeoutMs: 500 } } },
    channels: { tick: defineChannel({ warmUp, process() {} }) },
  });
  const started = rig.router.start();
  await rig.advance(499);
  expect(rig.metrics('tick').state).toBe('warming');
  await rig.advance(1);
  await started;
  expect(rig.metrics('tick').state).toBe('failed');
  expect(signals[0]?.aborted).toBe(true);
});

describe('more than `limit` failures within `withinMs`', () => {
  const plan = (): Plan => ({ place: 'warmUp', failures: 1_000, lives: [] });
  const limits = { limit: 2, withinMs: 60_000 };

  it('with `onGiveUp: escalate` fail the router: nothing runs on, and every message is accounted for', async () => {
    const rig = await rigWith(plan(), limits, { onGiveUp: 'escalate' });
    rig.router.routeAll(messages('tick', 5));
    await rig.advance(600_000);
    expect(rig.router.state).toBe('failed');
    expect(rig.router.health()).toMatchObject({ live: false, ready: false, status: 'unhealthy' });
    // The channel that failed still says with what.
    expect(rig.router.health().channels.tick?.reason).toMatch(/no (warmUp|constructor|process)/);
    expect(rig.router.explain('tick').sentence).toMatch(/^tick has been stopped for .*: no /);
    expect(rig.router.route(message('tick', 5))).toEqual({ status: 'rejected', reason: 'not-running' });
    expect(rig.clock.pending).toBe(0);
    const report = await rig.stop();
    expect(report.conserved).toBe(true);
    expect(report.channels.tick).toMatchObject({ returned: 5, returnedMessages: messages('tick', 5) });
  });
});

it('one channel that fails again and again disturbs no other', async () => {
  const rig = await createTestRouter({
    sinks: { tick: {}, ohlcv: { batchSize: 1, processTimeoutMs: 10, abandonAfterMs: 10, restart: { limit: 1_000 } } },
  });
  rig.sink('ohlcv').otherwise = hang();
  rig.router.routeAll(messages('ohlcv', 10));
  for (let n = 0; n < 100; n += 1) {
    rig.router.route(message('tick', n));
    expect(numbersOf(rig.sink('tick').delivered)).toHaveLength(n + 1);
    await rig.advance(50);
  }
  expect(rig.metrics('ohlcv').restarts).toBeGreaterThan(3);
  expect(rig.states('tick').filter((state) => state === 'warming')).toHaveLength(1);
});

it('a crash keeps an operator’s pause: the new life is paused too', async () => {
  const rig = await createTestRouter({ sinks: { tick: { processTimeoutMs: 10, abandonAfterMs: 10 } } });
  rig.sink('tick').script.push(hang());
  rig.router.routeAll(messages('tick', 2));
  rig.router.pause();
  await rig.advance(1_000);
  expect(rig.metrics('tick')).toMatchObject({ state: 'paused', restarts: 1, buffered: 2 });
});

it('a router that has failed takes no more channels, and is not reconfigured: nothing would ever start them', async () => {
  const rig = await createTestRouter({
    sinks: { tick: { processTimeoutMs: 50, abandonAfterMs: 20, restart: { limit: 0 } } },
    config: { router: { onGiveUp: 'escalate' } },
  });
  const { router } = rig;
  rig.sink('tick').otherwise = hang();
  router.route(message('tick', 0));
  await rig.advance(1_000);
  expect(router.state).toBe('failed');
  expect(() => router.add('more', rig.sink('more').channel)).toThrow('the router was stopped');
  await expect(router.reconfigure({ channels: { tick: { capacity: 7 } } })).rejects.toMatchObject({
    code: 'not-running',
  });
  expect([...router.channels.keys()]).toEqual(['tick']);
  const report = await rig.stop();
  expect(report.channels).toMatchObject({ tick: { state: 'stopped' } });
});
