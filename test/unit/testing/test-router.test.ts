import { describe, expect, it } from 'vitest';
import { createRouter, defineChannel } from '../../../src/index.ts';
import {
  busy,
  createSimulatedClock,
  createSink,
  createTestRouter,
  fail,
  hold,
  messages,
  refuse,
  reject,
  slow,
  type TestMessage,
} from '../../../src/testing/index.ts';
import { routeAndAdvance } from '../../support/routed.ts';

const trade = (n: number) => ({ ev: 'T', sym: 'A', n });

describe('a test router', () => {
  it('has started, and time stands still until it is moved', async () => {
    const Slow = defineChannel({ warmUp: () => new Promise<void>(() => {}), process() {} });
    await using test = await createTestRouter({ channels: { tick: createSink().channel, slow: Slow } });
    expect([test.router.state, test.clock.now()]).toEqual(['starting', 0]);
    expect(test.states('tick')).toEqual(['warming', 'idle']);
    await test.advance(10_000);
    expect(test.states('slow')).toEqual(['warming', 'failed']);
  });

  it('records what channels emit and the facts of the router, in order', async () => {
    const Echo = defineChannel<TestMessage, number>({
      process(batch, context) {
        for (const { n } of batch) context.emit(n);
      },
    });
    await using test = await createTestRouter({ channels: { tick: Echo } });
    test.router.routeAll([trade(1), trade(2)]);
    test.router.route(null);
    expect(test.events).toEqual([
      { channel: 'tick', event: 1 },
      { channel: 'tick', event: 2 },
    ]);
    expect(test.facts('message.rejected')).toMatchObject([{ channel: null, reason: 'unknown-type' }]);
    expect(test.facts('batch.flushed')).toMatchObject([{ size: 1 }, { size: 1 }]);
  });

  it('stops by moving time until everything has ended, also at the end of its block', async () => {
    const sink = createSink({ otherwise: slow(300) });
    const test = await createTestRouter({ channels: { tick: sink.channel } });
    {
      await using same = test;
      same.router.routeAll([trade(1), trade(2)]);
    }
    expect(test.router.state).toBe('stopped');
    expect(await test.stop()).toMatchObject({ elapsedMs: 600, conserved: true, channels: { tick: { drained: 2 } } });
    expect(test.clock.pending).toBe(0);
  });

  it('makes channels without a class, each behind a sink of its name', async () => {
    await using test = await createTestRouter({ sinks: { tick: { batchSize: 2 } }, isStarted: false });
    expect(test.router.state).toBe('starting');
    await test.advanceUntil(test.router.start());
    const call = hold();
    test.sink('tick').script.push(refuse({ retryAfterMs: 700 }), slow(30, fail()), call);
    await routeAndAdvance(test, messages('tick', 2), 10_000);
    expect(test.sink('tick').calls.map(({ at, outcome }) => [at, outcome])).toMatchObject([
      [0, 'failed'],
      [700, 'failed'],
      [expect.any(Number), 'running'],
    ]);
    call.succeed();
    await test.advance(0);
    expect([test.sink('tick').delivered, test.sink('tick').offered]).toEqual([
      messages('tick', 2),
      messages('tick', 2),
    ]);
    expect(test.metrics('tick')).toMatchObject({ delivered: 2, retries: 2 });
    expect(() => test.metrics('fmv')).toThrow('there is no channel fmv');
  });

  it('gives up on a promise that no time settles, and says what the channels are at', async () => {
    await using test = await createTestRouter({ channels: { tick: createSink().channel } });
    await expect(test.advanceUntil(new Promise(() => {}))).rejects.toThrow(/within 600000 ms: tick has been idle for/);
    await expect(test.advanceUntil(Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  });

  it('does the same for the same seed, with a clock of its own or of the test', async () => {
    const run = async (seed: number) => {
      const clock = createSimulatedClock({ startMs: 1_000 });
      await using test = await createTestRouter({
        channels: { tick: createSink({ script: [fail(), reject(), fail()] }).channel },
        seed,
        clock,
      });
      await routeAndAdvance(test, trade(1), 60_000);
      return test.facts('channel.entered').concat(test.facts('batch.failed') as never[]);
    };
    expect(await run(3)).toEqual(await run(3));
  });

  it('leaves it to the router to refuse what is no channel, in its own words', async () => {
    // @ts-expect-error a channel is a class or a function
    await expect(createTestRouter({ channels: { tick: 5 } })).rejects.toThrow('channels.tick must be a channel class');
  });
});

describe('a sink', () => {
  it('records when each call began, what it got and how it ended', async () => {
    const sink = createSink({ script: [slow(40), fail(), busy(7)] });
    await using test = await createTestRouter({
      channels: { tick: sink.channel },
      config: { channels: { tick: { retry: { attempts: 1 } } } },
    });
    test.router.route(trade(1));
    expect(sink.calls).toMatchObject([{ at: 0, attempt: 1, trigger: 'size', outcome: 'running' }]);
    await test.advance(40);
    expect(sink.calls).toMatchObject([{ outcome: 'succeeded' }]);
    await routeAndAdvance(test, trade(2), 10_000);
    expect(sink.calls.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'succeeded'],
      [1, 'failed'],
      [2, 'succeeded'],
    ]);
    expect(sink.delivered).toEqual([trade(1), trade(2)]);
  });

  it('calls late what ends after its channel was restarted, and counts as delivered only the second time', async () => {
    const sink = createSink({ script: [slow(5_000)] });
    await using test = await createTestRouter({ channels: { tick: sink.channel } });
    test.router.route(trade(1));
    test.router.restart('tick');
    await test.advance(6_000);
    expect(sink.calls.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'late'],
      [2, 'succeeded'],
    ]);
    expect(sink.delivered).toEqual([trade(1)]);
    expect(test.router.metrics().channels.tick).toMatchObject({ delivered: 1, late: 1 });
  });

  it('says so where there is no simulated clock', async () => {
    const router = createRouter({ channels: { tick: createSink().channel } });
    await router.start();
    const failed = new Promise((resolve) => router.events.on('batch.failed', ({ error }) => resolve(error)));
    router.route(trade(1));
    expect(String(await failed)).toContain('a sink works only in routers of createTestRouter');
    await router.stop({ deadlineMs: 0 });
  });
});
