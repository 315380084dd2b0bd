import { describe, expect, it } from 'vitest';
import type { Reaction, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, failWhen, message, messages, reject } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

/** Names the messages that are poison, and delivers the others. */
const naming = (isPoison: (n: number) => boolean, error: unknown = new Error('refused')): Reaction<TestMessage> => {
  return ({ batch, context }) => {
    for (const [index, { n }] of batch.entries()) if (isPoison(n)) context.fail(index, error);
  };
};

async function deadNumbers(rig: TestRouter): Promise<number[]> {
  return (await rig.router.deadLetters.list()).map(({ message: dead }) => (dead as { n: number }).n);
}

function handedOver(rig: TestRouter, channel: string): [number, number[]][] {
  return rig.sink(channel).calls.map(({ attempt, batch }) => [attempt, batch.map(({ n }) => n)]);
}

describe('R6.1 1,000 messages in batches of 100, three of them poison, and a sink that only says "failed"', () => {
  const total = 1_000;
  const size = 100;
  const attempts = 3;
  /**
   * Each batch is handed over once. A poisoned one gets its other attempts; then each of its poison messages is reached by
   * halving: two calls for each of the ⌈log₂ size⌉ steps down. O(k·log n).
   */
  const bound = (poison: number): number => total / size + poison * (attempts - 1 + 2 * Math.ceil(Math.log2(size)));

  it.each([[[17, 450, 833]], [[300, 301, 302]], [[0, 99, 100]], [[5, 6, 700]], [[899, 200, 250]]])(
    'at %j: just these are dead letters, the others arrive in order, in O(k·log n) calls',
    async (poison) => {
      const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: size, capacity: total } } });
      rig.sink('ohlcv').otherwise = failWhen(({ n }) => poison.includes(n));
      await routeAndAdvance(rig, messages('ohlcv', total), 60_000);
      expect((await deadNumbers(rig)).toSorted((a, b) => a - b)).toEqual(poison.toSorted((a, b) => a - b));
      expect(numbersOf(rig.sink('ohlcv').delivered)).toEqual(numbers(total).filter((n) => !poison.includes(n)));
      const { calls, delivered, deadLetteredBy, breaker, state } = rig.metrics('ohlcv');
      expect({ delivered, deadLetteredBy, opened: breaker?.opened, state }).toEqual({
        delivered: 997,
        deadLetteredBy: { poison: 3 },
        opened: 0,
        state: 'idle',
      });
      expect(calls).toBeLessThanOrEqual(bound(poison.length));
      process.stdout.write(`poison at ${poison}: ${calls} calls, at most ${bound(poison.length)} allowed\n`);
    },
  );
});

describe('messages named by `context.fail`', () => {
  it('go again alone; the others count as delivered', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5 } } });
    rig.sink('ohlcv').script.push(naming((n) => n === 1 || n === 3));
    await routeAndAdvance(rig, messages('ohlcv', 10), 5_000);
    expect(handedOver(rig, 'ohlcv')).toEqual([
      [1, [0, 1, 2, 3, 4]],
      [2, [1, 3]],
      [1, [5, 6, 7, 8, 9]],
    ]);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 10, deadLettered: 0, failures: 1, retries: 1 });
  });

  it('are given up after `attempts`: what was delivered beside them is the evidence', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5, retry: { attempts: 1 } } } });
    rig.sink('ohlcv').otherwise = naming((n) => n === 2);
    await routeAndAdvance(rig, messages('ohlcv', 5), 1_000);
    expect(await rig.router.deadLetters.list()).toMatchObject([
      { channel: 'ohlcv', reason: 'poison', attempts: 1, message: { n: 2 } },
    ]);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 4, deadLettered: 1, calls: 1 });
  });

  it('and all of the batch wait for evidence, like any other failure', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { attempts: 1 } } } });
    rig.sink('tick').otherwise = naming((n) => n === 0);
    await routeAndAdvance(rig, message('tick', 0), 60_000);
    expect(rig.metrics('tick')).toMatchObject({ deadLettered: 0, buffered: 1 });
    await routeAndAdvance(rig, message('tick', 1), 60_000);
    expect(rig.metrics('tick')).toMatchObject({ deadLettered: 1, delivered: 1, buffered: 0 });
  });

  it('as not retryable are given up at once, and say nothing against the sink', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const error = Object.assign(new Error('malformed'), { retryable: false });
    rig.sink('tick').otherwise = naming(() => true, error);
    await routeAndAdvance(rig, messages('tick', 20), 1_000);
    expect(rig.metrics('tick')).toMatchObject({ deadLetteredBy: { 'not-retryable': 20 }, calls: 20, state: 'idle' });
    expect(rig.metrics('tick').breaker?.opened).toBe(0);
    expect((await rig.router.deadLetters.list({ limit: 1 }))[0]).toMatchObject({
      error,
      reason: 'not-retryable',
      attempts: 1,
    });
  });
});

describe('an error that says `retryable: false`', () => {
  const error = Object.assign(new Error('malformed'), { retryable: false });

  it('gives a single message up at once, without evidence and without a word against the sink', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = reject(error);
    await routeAndAdvance(rig, messages('tick', 20), 1_000);
    expect(rig.metrics('tick')).toMatchObject({ deadLetteredBy: { 'not-retryable': 20 }, calls: 20 });
    expect(rig.metrics('tick').breaker).toMatchObject({ opened: 0, rates: { calls: 0 } });
  });

  it('splits a batch at once: no attempt is spent on it again', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 4 } } });
    rig.sink('ohlcv').otherwise = ({ batch }) => {
      if (batch.some(({ n }) => n === 2)) throw error;
    };
    await routeAndAdvance(rig, messages('ohlcv', 4), 1_000);
    expect(handedOver(rig, 'ohlcv').map(([, batch]) => batch)).toEqual([[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 3, deadLetteredBy: { 'not-retryable': 1 } });
  });
});

it('`isolate: false` gives a batch up whole, and only after a later one has shown that the sink works', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, isolate: false } } });
  rig.sink('ohlcv').otherwise = failWhen(({ n }) => n === 4);
  await routeAndAdvance(rig, messages('ohlcv', 10), 1_000);
  expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 0, deadLettered: 0, buffered: 10 });
  expect(rig.sink('ohlcv').calls.length).toBeGreaterThanOrEqual(3);
  await routeAndAdvance(rig, messages('ohlcv', 10, 10), 60_000);
  expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 10, deadLetteredBy: { poison: 10 } });
  expect(rig.states('ohlcv')).not.toContain('isolating');
});

describe('`breaker: false`', () => {
  it.each([1, 10])('lets the attempts alone decide, at batch size %i', async (batchSize) => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize, breaker: false, retry: { attempts: 2 } } } });
    rig.sink('tick').otherwise = reject(new Error('down'));
    await routeAndAdvance(rig, messages('tick', 10), 60_000);
    expect(rig.metrics('tick')).toMatchObject({
      deadLetteredBy: { failed: 10 },
      delivered: 0,
      buffered: 0,
      breaker: null,
    });
    expect(await deadNumbers(rig)).toEqual(numbers(10));
  });
});

it.each([1, 2, 3])(
  '%i poison messages that came when nothing else did are given up as soon as others come',
  async (count) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = failWhen(({ n }) => n < count);
    await routeAndAdvance(rig, messages('tick', count), 600_000);
    expect(rig.metrics('tick')).toMatchObject({ buffered: count, deadLettered: 0 });
    for (let n = count; n < 100; n += 1) await routeAndAdvance(rig, message('tick', n), 1_000);
    await rig.advance(600_000);
    expect(rig.metrics('tick').deadLetteredBy).toEqual({ poison: count });
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(100 - count, count));
  },
);

it('a message is not given up because of one behind it that no attempt can help: it is tried again', async () => {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, retry: { attempts: 2 } } } });
  let isDown = true;
  rig.sink('tick').otherwise = ({ batch }) => {
    if (batch[0]?.n === 1) throw { retryable: false };
    if (isDown) throw new Error('sink failed');
  };
  rig.router.pause('tick');
  for (const n of [0, 1]) rig.router.route(message('tick', n));
  rig.router.resume('tick');
  await rig.advance(2_000);
  // Two attempts, then the other one; nothing else comes that could show who is at fault, so it goes on being tried.
  expect(rig.metrics('tick')).toMatchObject({ buffered: 1, deadLetteredBy: { 'not-retryable': 1 } });
  const { calls } = rig.metrics('tick');
  await rig.advance(60_000);
  expect(rig.metrics('tick').calls).toBeGreaterThan(calls);
  isDown = false;
  expect(await deliveredAfter(rig, 'tick', 600_000)).toEqual([0]);
  expect(rig.metrics('tick').deadLettered).toBe(1);
});

it('however many messages in a row no attempt can help, trials behind an open breaker go through them', async () => {
  const COUNT = 10_000;
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, capacity: COUNT + 10 } } });
  const { router } = rig;
  rig.sink('tick').otherwise = ({ batch }) => {
    if (batch[0]?.sym === 'refused') throw Object.assign(new Error('message refused'), { retryable: false });
  };
  router.trip('tick');
  for (let n = 0; n < COUNT; n += 1) router.route(message('tick', n, 'refused'));
  router.routeAll(messages('tick', 5, COUNT));
  await rig.advance(60_000);
  expect(rig.metrics('tick')).toMatchObject({ delivered: 5, deadLetteredBy: { 'not-retryable': COUNT }, buffered: 0 });
  expect(router.explain('tick').state).toBe('idle');
});
