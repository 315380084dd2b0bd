import { describe, expect, it } from 'vitest';
import {
  createTestRouter,
  fail,
  failWhen,
  message,
  messages,
  reject,
  type TestRouter,
} from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

/** The batches as they were handed over: attempt and numbers. */
function handedOver(rig: TestRouter, channel: string): [number, number[]][] {
  return rig.sink(channel).calls.map(({ attempt, batch }) => [attempt, batch.map(({ n }) => n)]);
}

describe('R6.2 a batch that fails', () => {
  it.each([
    ['throws', fail()],
    ['rejects', reject()],
  ] as const)('goes again, ahead of what came later: %s', async (_name, failure) => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3 } } });
    rig.sink('ohlcv').script.push(failure, failure);
    rig.router.routeAll(messages('ohlcv', 9));
    await rig.advance(10_000);
    expect(handedOver(rig, 'ohlcv')).toEqual([
      [1, [0, 1, 2]],
      [2, [0, 1, 2]],
      [3, [0, 1, 2]],
      [1, [3, 4, 5]],
      [1, [6, 7, 8]],
    ]);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 9, calls: 5, retries: 2, deadLettered: 0 });
    expect(rig.facts('batch.failed')).toMatchObject([
      { attempt: 1, size: 3 },
      { attempt: 2, size: 3 },
    ]);
  });

  it('waits out a backoff in `retrying` before that', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 1_000, delayMsMax: 1_000 } } } });
    rig.sink('tick').script.push(fail());
    rig.router.route(message('tick', 0));
    await rig.advance(0);
    expect(rig.metrics('tick')).toMatchObject({ state: 'retrying', buffered: 1, inFlight: 0 });
    const { endsInMs } = rig.router.explain('tick');
    expect(endsInMs).toBeGreaterThan(0);
    expect(endsInMs).toBeLessThanOrEqual(1_000);
    await rig.advance(Math.ceil(endsInMs ?? 0));
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
  });
});

describe('R6.1 poison among 1,000 messages in batches of 100, with a sink that only says "failed"', () => {
  const places = [
    [17, 450, 833],
    [300, 301, 302],
    [0, 99, 100],
    [990, 991, 999],
    [5, 6, 700],
    [99, 199, 299],
  ];

  it.each(places)('at %i, %i and %i: exactly these are dead letters, the rest arrives in order', async (...poison) => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, capacity: 2_000 } } });
    rig.sink('ohlcv').otherwise = failWhen(({ n }) => poison.includes(n));
    rig.router.routeAll(messages('ohlcv', 1_000));
    await rig.advance(60_000);
    // Only what is delivered after a failure shows that the sink is not to blame for it.
    rig.router.route(message('ohlcv', 1_000));
    await rig.advance(60_000);
    const dead = (await rig.router.deadLetters.list()).map(({ message: letter }) => (letter as { n: number }).n);
    expect(dead.toSorted((a, b) => a - b)).toEqual(poison);
    expect(numbersOf(rig.sink('ohlcv').delivered)).toEqual(numbers(1_001).filter((n) => !poison.includes(n)));
    expect(rig.metrics('ohlcv').deadLetteredBy).toEqual({ poison: 3 });
    const bound = 11 + poison.length * (2 * Math.ceil(Math.log2(100)) + 6);
    expect(rig.metrics('ohlcv').calls).toBeLessThanOrEqual(bound);
    expect(rig.metrics('ohlcv').breaker?.opened).toBe(0);
  });

  it('with `isolate: false` the batch is given up whole, once a later one has shown that the sink works', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, isolate: false } } });
    rig.sink('ohlcv').otherwise = failWhen(({ n }) => n === 4);
    rig.router.routeAll(messages('ohlcv', 20));
    await rig.advance(10_000);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 10, deadLettered: 10 });
  });
});

describe('a sink that is down', () => {
  it.each([1, 10])(
    'makes no dead letters, at batch size %i: everything arrives in order once it is back',
    async (batchSize) => {
      const rig = await createTestRouter({
        sinks: { tick: { batchSize, breaker: { coolDownMs: 1_000, coolDownMsMax: 5_000 } } },
      });
      rig.sink('tick').otherwise = reject();
      for (let n = 0; n < 300; n += 10) {
        rig.router.routeAll(messages('tick', 10, n));
        await rig.advance(10_000);
      }
      expect(rig.metrics('tick')).toMatchObject({ delivered: 0, deadLettered: 0, buffered: 300 });
      expect(rig.metrics('tick').breaker?.opened).toBeGreaterThan(0);
      expect(rig.states('tick')).toContain('tripped');
      rig.sink('tick').otherwise = () => {};
      await rig.advance(600_000);
      expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(300));
      expect(rig.metrics('tick')).toMatchObject({ delivered: 300, deadLettered: 0, breaker: { state: 'closed' } });
    },
  );

  it('R6.3 is spared by the breaker: a minute of failures costs few calls, and recovery takes probes', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = fail();
    rig.router.routeAll(messages('tick', 100));
    await rig.advance(60_000);
    expect(rig.metrics('tick').calls).toBeLessThan(50);
    expect(rig.router.health().channels.tick?.status).not.toBe('healthy');
    rig.sink('tick').otherwise = () => {};
    await rig.advance(300_000);
    expect(rig.metrics('tick').batches.probe + rig.metrics('tick').retries).toBeGreaterThan(0);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(100));
  });

  it('with `whenTripped: reject` new messages are refused as long as the breaker is open', async () => {
    const rig = await createTestRouter({ sinks: { tick: { whenTripped: 'reject' } } });
    rig.sink('tick').otherwise = fail();
    rig.router.routeAll(messages('tick', 20));
    while (rig.metrics('tick').breaker?.state !== 'open') await rig.advance(100);
    expect(rig.router.route(message('tick', 20))).toEqual({ status: 'rejected', reason: 'tripped' });
    expect(await rig.router.offer(message('tick', 20))).toEqual({ status: 'rejected', reason: 'tripped' });
    rig.checkConserved();
  });

  it('without a breaker the attempts alone decide: dead letters', async () => {
    const rig = await createTestRouter({ sinks: { tick: { breaker: false, retry: { attempts: 2 } } } });
    rig.sink('tick').otherwise = reject();
    rig.router.routeAll(messages('tick', 3));
    await rig.advance(60_000);
    expect(rig.metrics('tick')).toMatchObject({
      deadLettered: 3,
      deadLetteredBy: { failed: 3 },
      buffered: 0,
      breaker: null,
    });
    expect(await rig.router.deadLetters.list()).toMatchObject([{ attempts: 2 }, { attempts: 2 }, { attempts: 2 }]);
  });
});
