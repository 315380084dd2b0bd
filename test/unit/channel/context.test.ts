import { describe, expect, it } from 'vitest';
import {
  createTestRouter,
  message,
  messages,
  type Reaction,
  reject,
  slow,
  succeed,
  type TestMessage,
} from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

/** Names these messages as failed, the others are delivered. */
const naming = (...bad: number[]): Reaction<TestMessage> => {
  return ({ batch, context }) => {
    for (const [index, { n }] of batch.entries()) if (bad.includes(n)) context.fail(index, new Error(`no ${n}`));
  };
};

describe('what `process` is told', () => {
  it('R1.1 the attempt, the trigger, the age, the depth behind it and the rules', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2, eventRules: { minMove: 3 } } } });
    rig.sink('ohlcv').script.push(slow(10));
    rig.router.routeAll(messages('ohlcv', 5));
    await rig.advance(0);
    const [call] = rig.sink('ohlcv').calls;
    expect(call).toMatchObject({ attempt: 1, trigger: 'size', ageMs: 0 });
    expect(call?.context).toMatchObject({ depth: 3, rules: { minMove: 3 }, gaps: [] });
  });

  it('the age of its own batch while the call lasts, and none once it is over', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2 } } });
    rig.sink('ohlcv').script.push(slow(10));
    rig.router.route(message('ohlcv', 0));
    await rig.advance(100);
    const [first] = rig.sink('ohlcv').calls;
    expect(first?.context.ageMs).toBe(100);
    rig.router.routeAll([message('ohlcv', 1), message('ohlcv', 2)]);
    await rig.advance(200);
    expect([first?.context.ageMs, rig.sink('ohlcv').calls.length]).toEqual([0, 2]);
  });
});

it('`batch.flushed` tells what was delivered, why, after which wait, and how long it took', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3 } } });
  rig.sink('ohlcv').script.push(slow(7));
  rig.router.routeAll(messages('ohlcv', 2));
  await rig.advance(200);
  expect(rig.facts('batch.flushed')).toEqual([
    { channel: 'ohlcv', trigger: 'age', size: 2, ageMs: 100, durationMs: 7, attempt: 1 },
  ]);
});

describe('`emit`', () => {
  it('puts events on the bus at once and in order, across batches and channels', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 2 } } });
    for (const name of ['tick', 'ohlcv']) {
      rig.sink(name).otherwise = ({ batch, context }) => {
        for (const { n } of batch) context.emit({ n });
      };
    }
    rig.router.route(message('tick', 0));
    expect(rig.events).toEqual([{ channel: 'tick', event: { n: 0 } }]);
    rig.router.routeAll([...messages('ohlcv', 4), ...messages('tick', 2, 1)]);
    await rig.advance(1);
    const ofBars = rig.events.filter(({ channel }) => channel === 'ohlcv');
    expect(ofBars.map(({ event }) => event)).toEqual(numbers(4).map((n) => ({ n })));
  });

  it('after the call is over emits nothing and is counted as late; so is `fail`', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.route(message('tick', 0));
    const { context } = rig.sink('tick').calls[0] ?? {};
    context?.emit({ n: 0 });
    context?.fail(0, new Error('too late'));
    expect(rig.events).toEqual([]);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, deadLettered: 0, late: 2 });
  });
});

describe('`fail`', () => {
  it('with an index outside the batch is misuse, told with what is allowed', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2 } } });
    const errors: unknown[] = [];
    rig.sink('ohlcv').script.push(({ context }) => {
      for (const index of [-1, 2, 0.5, Number.NaN, '0' as never]) {
        try {
          context.fail(index, new Error());
        } catch (error) {
          errors.push(error);
        }
      }
    });
    rig.router.routeAll(messages('ohlcv', 2));
    await rig.advance(1);
    expect(errors).toHaveLength(5);
    expect(errors[1]).toMatchObject({
      code: 'invalid-option',
      message: 'context.fail: index must be a whole number from 0 to 1, got 2',
    });
    expect(rig.metrics('ohlcv').delivered).toBe(2);
  });

  it('R6.2 delivers the others, and hands the named ones over again alone and in order', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5 } } });
    rig.sink('ohlcv').script.push(naming(3, 1));
    rig.router.routeAll(messages('ohlcv', 5));
    await rig.advance(1_000);
    expect(rig.sink('ohlcv').calls.map(({ attempt, batch }) => [attempt, batch.map(({ n }) => n)])).toEqual([
      [1, [0, 1, 2, 3, 4]],
      [2, [1, 3]],
    ]);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 5, deadLettered: 0, calls: 2, retries: 1 });
    expect(rig.facts('batch.failed')).toMatchObject([{ size: 5, attempt: 1 }]);
  });

  it('of the same message at every attempt makes it a dead letter: it alone, with its error', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5, retry: { attempts: 3 } } } });
    rig.sink('ohlcv').otherwise = naming(2);
    rig.router.routeAll(messages('ohlcv', 10));
    await rig.advance(10_000);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 9, deadLettered: 1, deadLetteredBy: { poison: 1 } });
    expect(await rig.router.deadLetters.list()).toMatchObject([
      { channel: 'ohlcv', message: { n: 2 }, reason: 'poison' },
    ]);
    expect(String((await rig.router.deadLetters.list())[0]?.error)).toBe('Error: no 2');
  });

  it('with an error that says `retryable: false` gives that message up at once', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5 } } });
    rig.sink('ohlcv').script.push(({ context }) => context.fail(1, { retryable: false }));
    rig.router.routeAll(messages('ohlcv', 5));
    await rig.advance(0);
    expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 4, deadLetteredBy: { 'not-retryable': 1 }, calls: 1 });
    expect(await rig.router.deadLetters.list()).toMatchObject([{ message: { n: 1 }, attempts: 1 }]);
  });
});

describe('an error that says what to do', () => {
  it('`retryable: false` gives the whole message up without another attempt', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').script.push(reject({ retryable: false, status: 400 }));
    rig.router.routeAll(messages('tick', 2));
    await rig.advance(1_000);
    expect(rig.sink('tick').calls).toHaveLength(2);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, deadLetteredBy: { 'not-retryable': 1 } });
  });

  it('`retryAfterMs` keeps the next attempt back so long', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').script.push(reject({ retryAfterMs: 5_000 }), succeed());
    rig.router.route(message('tick', 0));
    await rig.advance(4_999);
    expect(rig.sink('tick').calls).toHaveLength(1);
    await rig.advance(1);
    expect(rig.sink('tick').calls).toMatchObject([{ at: 0 }, { at: 5_000, attempt: 2 }]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -5, '7s'])(
    'a `retryAfterMs` of %s is no wish',
    async (retryAfterMs) => {
      const rig = await createTestRouter({ sinks: { tick: { retry: { delayMs: 100 } } } });
      rig.sink('tick').script.push(reject({ retryAfterMs }));
      rig.router.route(message('tick', 0));
      await rig.advance(110);
      expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
    },
  );

  it('that cannot be read is an ordinary failure', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const unreadable = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    );
    rig.sink('tick').script.push(reject(unreadable), reject(null));
    rig.router.routeAll(messages('tick', 2));
    await rig.advance(10_000);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1]);
  });
});
