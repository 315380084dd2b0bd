import { getEventListeners } from 'node:events';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { createTestRouter, hang, message, messages, slow, type TestRouter } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter } from '../../support/routed.ts';

/** One message in process for 10 ms each, and room for two. */
async function narrow(): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 2 } } });
  rig.sink('tick').otherwise = slow(10);
  return rig;
}

it('R2.1 R2.2 each message of a mixed feed goes to the channel of its type', async () => {
  const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 1 }, fmv: { batchSize: 1 } } });
  const feed = numbers(30).map((n) => message(['tick', 'ohlcv', 'fmv'][n % 3] ?? '', n));
  expect(rig.router.routeAll(feed)).toEqual({ accepted: 30, rejected: 0, refused: [] });
  await rig.advance(1);
  for (const [index, name] of ['tick', 'ohlcv', 'fmv'].entries())
    expect(numbersOf(rig.sink(name).delivered)).toEqual(numbers(30).filter((n) => n % 3 === index));
});

it('R2.2 what the caller says about the type wins over recognition', async () => {
  const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 1 } } });
  rig.router.route(message('tick', 0), { dataType: 'ohlcv' });
  expect(await deliveredAfter(rig, 'ohlcv', 1)).toEqual([0]);
});

it('`routeAll` counts what was taken in, and says which were not and why', async () => {
  const rig = await narrow();
  expect(rig.router.routeAll([...messages('tick', 5), null, 'x'])).toEqual({
    accepted: 3,
    rejected: 4,
    refused: [
      { index: 3, reason: 'mailbox-full', message: message('tick', 3) },
      { index: 4, reason: 'mailbox-full', message: message('tick', 4) },
      { index: 5, reason: 'unknown-type', message: null },
      { index: 6, reason: 'unknown-type', message: 'x' },
    ],
  });
});

describe('`offer`', () => {
  it('waits for room, in the order of asking, and is let in as room comes', async () => {
    const rig = await narrow();
    rig.router.routeAll(messages('tick', 3));
    const order: number[] = [];
    const offers = numbers(3, 3).map((n) =>
      rig.router.offer(message('tick', n)).then((outcome) => order.push(n) && outcome),
    );
    await rig.advance(9);
    expect(order).toEqual([]);
    await rig.advance(1);
    expect(order).toEqual([3]);
    await rig.advance(100);
    expect(await Promise.all(offers)).toEqual(numbers(3).map(() => ({ status: 'accepted' })));
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(6));
  });

  it('that waits is not overtaken by a `route`', async () => {
    const rig = await narrow();
    rig.router.routeAll(messages('tick', 3));
    const offered = rig.router.offer(message('tick', 3));
    await rig.advance(10);
    expect(rig.router.route(message('tick', 4))).toMatchObject({ reason: 'mailbox-full' });
    await rig.advance(100);
    expect((await offered).status).toBe('accepted');
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(4));
  });

  it('is taken back by its signal: it rejects with the reason and was never received', async () => {
    const rig = await narrow();
    rig.router.routeAll(messages('tick', 3));
    const controller = new AbortController();
    const offered = rig.router.offer(message('tick', 9), { signal: controller.signal });
    const behind = rig.router.offer(message('tick', 3));
    controller.abort(new Error('never mind'));
    await expect(offered).rejects.toThrow('never mind');
    await rig.advance(100);
    expect((await behind).status).toBe('accepted');
    expect(rig.metrics('tick')).toMatchObject({ received: 4, delivered: 4 });
    await expect(rig.router.offer(message('tick', 9), { signal: controller.signal })).rejects.toThrow('never mind');
  });

  it('that was let in has forgotten its signal: a long-lived one collects no listeners', async () => {
    const rig = await narrow();
    rig.router.routeAll(messages('tick', 3));
    const { signal } = new AbortController();
    const offers = numbers(5).map((n) => rig.router.offer(message('tick', n), { signal }));
    await rig.advance(1_000);
    await Promise.all(offers);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('that is being answered can no longer be taken back', async () => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, capacity: 1 } } });
    rig.sink('tick').otherwise = hang();
    rig.router.routeAll(messages('tick', 2));
    const controller = new AbortController();
    const offer = rig.router.offer(message('tick', 2), { signal: controller.signal });
    // The fact is told before the promise is settled.
    rig.router.events.on('message.rejected', () => controller.abort(new Error('too late')));
    await rig.stop({ deadlineMs: 100 });
    expect(await offer).toEqual({ status: 'rejected', reason: 'not-running' });
    expect(controller.signal.aborted).toBe(true);
    expect(rig.metrics('tick')).toMatchObject({ received: 3, rejected: 1 });
  });
});

describe('19.4 a long list that is offered', () => {
  /** Each message takes 0.1 ms, and `sliceMs` is 1 ms. */
  async function busy(): Promise<TestRouter> {
    const rig = await createTestRouter({ sinks: { tick: {} }, config: { router: { sliceMs: 1 } } });
    rig.sink('tick').otherwise = () => rig.clock.jump(0.1);
    return rig;
  }

  it('keeps its order, and offers that come meanwhile keep theirs behind it', async () => {
    const rig = await busy();
    const offers = [messages('tick', 100), message('tick', 100), messages('tick', 100, 101), message('tick', 201)];
    const outcomes = await rig.advanceUntil(Promise.all(offers.map((each) => rig.router.offer(each))));
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(202));
  });

  it.each(['offer', 'deliver'] as const)('to `%s` may be used again at once', async (door) => {
    const rig = await busy();
    const list: unknown[] = messages('tick', 100);
    const taken: Promise<unknown> = rig.router[door](list);
    list.length = 0;
    list.push(...messages('tick', 3, 100));
    // Waits behind the other one.
    const later = rig.router.offer(list);
    list.length = 0;
    await rig.advanceUntil(Promise.all([taken, later]));
    expect(numbersOf(rig.sink('tick').delivered).sort((a, b) => a - b)).toEqual(numbers(103));
  });

  it('ends with its signal: it rejects with the reason, and what was not offered yet never is', async () => {
    const rig = await busy();
    const controller = new AbortController();
    const { signal } = controller;
    const answers = [messages('tick', 100), messages('tick', 5, 100)].map((each) => rig.router.offer(each, { signal }));
    controller.abort(new Error('enough'));
    const settled = await rig.advanceUntil(Promise.allSettled(answers));
    expect(settled).toMatchObject([{ reason: { message: 'enough' } }, { reason: { message: 'enough' } }]);
    expect(rig.metrics('tick').received).toBeLessThan(20);
    expect(await rig.router.offer(message('tick', 105))).toEqual({ status: 'accepted' });
  });

  it('is refused from where it is when the router stops: its outcome is the first refusal', async () => {
    const rig = await busy();
    const outcome = rig.router.offer([...messages('tick', 100), 'x']);
    const stopped = rig.router.stop();
    expect(await rig.advanceUntil(outcome)).toEqual({ status: 'rejected', reason: 'not-running' });
    const { conserved, channels } = await rig.advanceUntil(stopped);
    expect(conserved).toBe(true);
    expect(channels.tick?.accepted).toBeLessThan(20);
    expect(rig.facts('message.rejected')).toHaveLength(101 - (channels.tick?.accepted ?? 0));
  });

  it('of which messages wait for room has the first refusal in its own order', async () => {
    const rig = await narrow();
    const offered = rig.router.offer([...messages('tick', 5), 'x', null]);
    expect(await rig.advanceUntil(offered)).toEqual({ status: 'rejected', reason: 'unknown-type' });
    expect(await deliveredAfter(rig, 'tick', 100)).toEqual(numbers(5));
    expect(await rig.router.offer([])).toEqual({ status: 'accepted' });
    expect(await rig.router.deliver([])).toEqual([]);
  });
});

describe('19.31 every door takes the same things', () => {
  const trade = message('tick', 0);
  /** As Kraken sends a trade: an array is one message. */
  const kraken = [337, [['5541.20', '0.15', '1534614057.3', 's', 'l', '']], 'trade', 'XBT/USD'];
  const doors: readonly (readonly [string, (rig: TestRouter, element: unknown) => Promise<unknown>])[] = [
    ['route', async (rig, element) => rig.router.route(element)],
    ['offer', (rig, element) => rig.router.offer(element)],
    ['routeAll', async (rig, element) => rig.router.routeAll([element])],
    ['consume', (rig, element) => rig.router.consume([element])],
    [
      'writable',
      (rig, element) => {
        const writable = rig.router.writable();
        writable.end(element);
        return finished(writable);
      },
    ],
  ];
  const byArray = { recognize: [(each: unknown) => (Array.isArray(each) && each[2] === 'trade' ? 'tick' : undefined)] };

  it.each(doors)('`%s` takes a list of messages apart', async (_name, take) => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 1 } } });
    await take(rig, [trade, message('ohlcv', 1), null, [trade], message('tick', 2)]);
    expect(await deliveredAfter(rig, 'tick', 10)).toEqual([0, 2]);
    expect(numbersOf(rig.sink('ohlcv').delivered)).toEqual([1]);
    expect(rig.router.metrics()).toMatchObject({ received: 5, unroutable: 2 });
    expect((await rig.router.deadLetters.list()).at(-1)?.error).toBe('an array is not a message; route its elements');
  });

  it.each(doors)('`%s` takes an array that a rule knows as one message', async (_name, take) => {
    const rig = await createTestRouter({ ...byArray, sinks: { tick: {} } });
    await take(rig, kraken);
    expect(rig.sink('tick').delivered).toEqual([kraken]);
    await take(rig, []);
    expect(rig.router.metrics().received).toBe(1);
  });

  it.each(doors)('`%s` says of bytes and text that they are to be parsed first', async (_name, take) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    for (const raw of [JSON.stringify(trade), Buffer.from(JSON.stringify(trade)), new Uint8Array(4)])
      await take(rig, raw);
    const errors = (await rig.router.deadLetters.list()).map(({ error }) => error);
    const bytes = 'bytes are not a message; decode and parse them first';
    expect(errors).toEqual(['a string is not a message; parse it first', bytes, bytes]);
  });

  it('text and bytes where several messages are expected are one element', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    expect(rig.router.routeAll('[{}]')).toMatchObject({ accepted: 0, rejected: 1 });
    expect(await rig.router.consume(Buffer.from('[{}]'))).toEqual({ accepted: 0, rejected: 1 });
    await expect(rig.router.consume(trade as unknown as unknown[])).rejects.toMatchObject({ code: 'invalid-option' });
  });

  it.each(doors)('`%s` takes a list apart that begins with something broken', async (_name, take) => {
    const rig = await createTestRouter({ ...byArray, sinks: { tick: {} } });
    await take(rig, [null, trade]);
    await take(rig, [undefined, 'trade', 7]);
    expect(rig.sink('tick').delivered).toEqual([trade]);
    expect(rig.router.metrics()).toMatchObject({ received: 3, unroutable: 2 });
  });

  it('a list and a data type: each of its messages is of that type', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    expect(rig.router.route([{ n: 1 }, { n: 2 }], { dataType: 'tick' })).toEqual({ status: 'accepted' });
    expect(rig.router.route(kraken, { dataType: 'tick' })).toEqual({ status: 'accepted' });
    expect(rig.sink('tick').delivered).toEqual([{ n: 1 }, { n: 2 }, kraken]);
  });

  it('a list of which one message is refused has the outcome of that one', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const outcome = { status: 'rejected', reason: 'unknown-type' };
    expect(rig.router.route([trade, {}, trade])).toEqual(outcome);
    expect(await rig.router.offer([trade, {}, trade])).toEqual(outcome);
    expect(rig.sink('tick').delivered).toHaveLength(4);
  });
});

describe('`consume`', () => {
  async function* feed(count: number): AsyncGenerator<unknown> {
    for (let n = 0; n < count; n += 2) yield n % 4 === 0 ? messages('tick', 2, n) : message('tick', n);
  }

  it.each([
    ['an array', messages('tick', 20), numbers(20)],
    ['a generator', messages('tick', 20).values(), numbers(20)],
    ['an asynchronous iterable of messages and arrays', feed(20), numbers(20).filter((n) => n % 4 !== 3)],
  ])('R1.3 offers all of %s, and loses nothing to a full mailbox', async (_name, source, expected) => {
    const rig = await narrow();
    const depths: number[] = [];
    rig.sink('tick').otherwise = (call) => {
      depths.push(call.context.depth);
      return slow(10)(call);
    };
    const count = await rig.advanceUntil(rig.router.consume(source as Iterable<unknown>));
    await rig.advance(1_000);
    expect(count).toEqual({ accepted: expected.length, rejected: 0 });
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(expected);
    expect(Math.max(...depths)).toBe(2);
  });

  it('takes the next element only when the one before was taken in', async () => {
    const rig = await narrow();
    let asked = 0;
    const source = {
      *[Symbol.iterator]() {
        for (; asked < 100; asked += 1) yield message('tick', asked);
      },
    };
    const consumed = rig.router.consume(source);
    await rig.advance(50);
    expect(asked).toBeLessThanOrEqual(9);
    await rig.advanceUntil(consumed);
    expect(asked).toBe(100);
  });

  it('ends with its signal, while an offer waits for room', async () => {
    const rig = await narrow();
    const controller = new AbortController();
    const consumed = rig.router.consume(messages('tick', 100), { signal: controller.signal });
    await rig.advance(25);
    controller.abort();
    const { accepted, rejected } = await rig.advanceUntil(consumed);
    expect([accepted, rejected]).toEqual([5, 0]);
    expect(await deliveredAfter(rig, 'tick', 100)).toEqual(numbers(5));
  });

  it('ends with its signal, while the source is silent, and tells the source', async () => {
    const rig = await narrow();
    const controller = new AbortController();
    let isClosed = false;
    const silent: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        async return() {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const consumed = rig.router.consume(silent, { signal: controller.signal });
    await rig.advance(10);
    controller.abort();
    expect(await rig.advanceUntil(consumed)).toEqual({ accepted: 0, rejected: 0 });
    expect(isClosed).toBe(true);
  });

  it('ends with `stop`, while it waits for a promise among the elements that never settles', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const consumed = rig.router.consume([Promise.resolve(message('tick', 0)), new Promise(() => {})]);
    await rig.clock.settle();
    await rig.stop();
    expect(await consumed).toEqual({ accepted: 1, rejected: 0 });
  });

  it('takes in what comes before and after a message that throws when it is read', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const consumed = rig.router.consume([message('tick', 0), proxy, message('tick', 1)]);
    expect(await consumed).toEqual({ accepted: 2, rejected: 1 });
  });

  it('rejects when its source gives no results, as `for await` does', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => 5 }) };
    await expect(rig.router.consume(source as never)).rejects.toThrow('the source gave no result of an iterator');
  });

  it('rejects with the error of its source, after all that came before it was offered', async () => {
    const rig = await narrow();
    const broken = function* () {
      yield* messages('tick', 5);
      throw new Error('connection lost');
    };
    await expect(rig.advanceUntil(rig.router.consume(broken()))).rejects.toThrow('connection lost');
    expect(await deliveredAfter(rig, 'tick', 100)).toEqual(numbers(5));
  });
});

it('`writable` takes the next message when the one before was taken in', async () => {
  const rig = await narrow();
  const writable = rig.router.writable();
  for (const each of messages('tick', 10)) writable.write(each);
  writable.end();
  await rig.advanceUntil(finished(writable));
  expect(await deliveredAfter(rig, 'tick', 100)).toEqual(numbers(10));
});

it('`writable` takes a list as it is when it is written: the caller may use its array again at once', async () => {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 3, batchSize: 1 } } });
  rig.sink('tick').otherwise = slow(10);
  const writable = rig.router.writable();
  const list: unknown[] = [];
  const reuse = (write: () => unknown, from: number): void => {
    list.push(...messages('tick', 5, from));
    write();
    list.length = 0;
  };
  reuse(() => writable.write(list), 0);
  reuse(() => writable.write(list), 5);
  reuse(() => writable.end(list), 10);
  await rig.advanceUntil(finished(writable));
  expect(await deliveredAfter(rig, 'tick', 1_000)).toEqual(numbers(15));
});

it('`routeAll` takes a list as it is when it is handed over, although its messages run code of the host', async () => {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
  const list = messages('tick', 5);
  rig.sink('tick').otherwise = () => void list.splice(0, 2);
  expect(rig.router.routeAll(list)).toEqual({ accepted: 5, rejected: 0, refused: [] });
  expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(5));
});

it('`consume` takes a list as it is when it is handed over: the caller may use its array again', async () => {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 2, batchSize: 1 } } });
  rig.sink('tick').otherwise = slow(10);
  const list: unknown[] = [...messages('tick', 5), messages('tick', 5, 5)];
  const consumed = rig.router.consume(list);
  list.length = 0;
  expect(await rig.advanceUntil(consumed)).toEqual({ accepted: 10, rejected: 0 });
});
