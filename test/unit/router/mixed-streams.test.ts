import { Readable, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { Logger, RouterConfigInput } from '../../../src/index.ts';
import { createTestRouter, message, messages, type TestMessage, type TestRouter } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter } from '../../support/routed.ts';

type Ohlcv = NonNullable<RouterConfigInput['channels']>[string];

/** `ohlcv` is paused and holds ten messages; `tick` delivers at once. */
async function stuck(ohlcv: Ohlcv = {}): Promise<TestRouter> {
  const rig = await createTestRouter({
    sinks: { tick: { priority: 1 }, ohlcv: { capacity: 10, batchSize: 1, ...ohlcv } },
  });
  rig.router.pause('ohlcv');
  return rig;
}

/** One message of each channel in turn. */
function mixed(count: number): unknown[] {
  return numbers(count).map((n) => message(n % 2 === 0 ? 'ohlcv' : 'tick', n));
}

/** Feeds a stream into a router; resolves when the router has all of it. */
type Feed = (rig: TestRouter, feed: readonly unknown[]) => Promise<unknown>;

const feeds: readonly (readonly [string, Feed])[] = [
  ['consume', (rig, feed) => rig.router.consume(feed)],
  ['consume of an asynchronous source', (rig, feed) => rig.router.consume(Readable.from(feed))],
  ['consume of lists', (rig, feed) => rig.router.consume([feed])],
  ['writable', (rig, feed) => pipeline(Readable.from(feed), rig.router.writable())],
  ['writable of lists', (rig, feed) => pipeline(Readable.from([feed]), rig.router.writable())],
];

/** Lets Node's streams, which know nothing of simulated time, go on. */
async function turns(rig: TestRouter, count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => void setImmediate(resolve));
    await rig.clock.advance(0);
  }
}

async function until<Value>(rig: TestRouter, promise: Promise<Value>): Promise<Value> {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  promise.then(done, done);
  for (let turn = 0; turn < 2_000 && !isDone; turn += 1) {
    await turns(rig, 1);
    await rig.clock.advance(10);
  }
  expect(isDone).toBe(true);
  return promise;
}

describe('19.3 a full mailbox does not stop the other channels of a mixed stream', () => {
  it.each(feeds)('%s', async (_name, feed) => {
    const rig = await stuck();
    const fed = feed(rig, mixed(400));
    await turns(rig, 500);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(400).filter((n) => n % 2 === 1));
    expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 10, waitingOffers: 190 });
    rig.router.resume('ohlcv');
    await until(rig, fed);
    expect(await deliveredAfter(rig, 'ohlcv', 10_000)).toEqual(numbers(400).filter((n) => n % 2 === 0));
    expect(rig.metrics('ohlcv')).toMatchObject({ rejected: 0, waitingOffers: 0 });
  });

  it.each(feeds)(
    '%s: what waits is bounded, then the stream waits and `explain` of the others says so',
    async (_name, feed) => {
      const rig = await stuck({ waitingMax: 20 });
      const fed = feed(rig, mixed(400));
      await turns(rig, 500);
      expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 10, waitingOffers: 21 });
      expect(rig.metrics('tick').delivered).toBeLessThan(40);
      await rig.advance(10);
      expect(rig.router.explain('tick')).toMatchObject({ state: 'idle', endsBy: 'room in ohlcv' });
      expect(rig.router.explain('tick').sentence).toContain('waits for room in ohlcv');
      expect(rig.router.explain('ohlcv').sentence).toContain('21 more wait for room in the mailbox');
      rig.router.resume('ohlcv');
      await until(rig, fed);
      expect(await deliveredAfter(rig, 'ohlcv', 10_000)).toEqual(numbers(400).filter((n) => n % 2 === 0));
      expect(rig.metrics('tick').delivered).toBe(200);
      expect(rig.router.explain('tick').endsBy).toBe('the next message');
    },
  );

  it.each(feeds)('%s: with `whenFull: reject` nothing of the channel waits', async (_name, feed) => {
    const rig = await stuck({ whenFull: 'reject' });
    await until(rig, feed(rig, mixed(400)));
    expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 10, rejectedBy: { 'mailbox-full': 190 }, waitingOffers: 0 });
    expect(rig.metrics('tick').delivered).toBe(200);
  });

  it('a reload that lets more wait lets the stream go on', async () => {
    const rig = await stuck({ waitingMax: 20 });
    const consumed = rig.router.consume(mixed(400));
    await rig.advance(10);
    expect(rig.metrics('tick').delivered).toBeLessThan(40);
    const ohlcv = { capacity: 10, batchSize: 1, waitingMax: 500 };
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { priority: 1 }, ohlcv } }));
    await rig.advance(10);
    expect(rig.metrics('tick').delivered).toBe(200);
    rig.router.resume('ohlcv');
    expect(await rig.advanceUntil(consumed)).toEqual({ accepted: 400, rejected: 0 });
  });

  it('a reload to other partitions takes along what waits, and the stream goes on', async () => {
    const rig = await stuck({ waitingMax: 20 });
    const consumed = rig.router.consume(mixed(400));
    await rig.advance(10);
    const ohlcv = { capacity: 10, batchSize: 1, partitions: 2 };
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { priority: 1 }, ohlcv } }));
    rig.router.resume('ohlcv');
    expect(await rig.advanceUntil(consumed)).toEqual({ accepted: 400, rejected: 0 });
    expect(await deliveredAfter(rig, 'ohlcv', 1_000)).toEqual(numbers(400).filter((n) => n % 2 === 0));
  });

  it('a channel that is removed answers what waits for it, and the stream goes on', async () => {
    const rig = await stuck({ waitingMax: 20 });
    const consumed = rig.router.consume(mixed(400));
    await rig.advance(10);
    await rig.advanceUntil(rig.router.remove('ohlcv'));
    expect(await rig.advanceUntil(consumed)).toEqual({ accepted: 210, rejected: 190 });
    expect(rig.router.metrics()).toMatchObject({ received: 400, conserved: true });
  });

  it('a partition that is full does not stop another one, and each key keeps its order', async () => {
    const rig = await createTestRouter({
      sinks: { ohlcv: { capacity: 2, batchSize: 1, partitions: 2, partitionBy: 'sym' } },
    });
    rig.router.pause('ohlcv');
    const keys = ['A', 'B', 'C', 'D'];
    const feed = numbers(40).map((n) => ({ ...message('ohlcv', n), sym: keys[n % 4] ?? '' }));
    const consumed = rig.router.consume([...feed, message('tick', 0)]);
    await rig.advance(10);
    rig.router.resume('ohlcv');
    await rig.advanceUntil(consumed);
    await rig.advance(10_000);
    for (const key of keys) {
      const ofKey = (all: readonly TestMessage[]) => numbersOf(all.filter(({ sym }) => sym === key));
      expect(ofKey(rig.sink('ohlcv').delivered)).toEqual(ofKey(feed));
    }
  });
});

/** Refused messages take their time, too; 900 of them, and then enough that are delivered. */
function refusedList(rig: TestRouter): Promise<unknown> {
  const refused = numbers(900).map((n) => ({ ev: 'nobody', n }));
  rig.router.events.on('message.rejected', () => rig.clock.jump(0.1));
  return rig.router.offer([...refused, ...messages('tick', 1_000)]);
}

describe('19.4 every intake lets the event loop turn while its sender never waits', () => {
  async function turnsDuring(feed: (rig: TestRouter) => Promise<unknown>): Promise<number> {
    const rig = await createTestRouter({ sinks: { tick: {} }, config: { router: { sliceMs: 1 } } });
    rig.sink('tick').otherwise = () => rig.clock.jump(0.1);
    let count = 0;
    const turn = (): void => {
      count += 1;
      if (rig.sink('tick').calls.length < 1_000) rig.clock.setImmediate(turn);
    };
    turn();
    await until(rig, feed(rig));
    return count;
  }

  it.each<readonly [string, (rig: TestRouter) => Promise<unknown>]>([
    ['consume', (rig) => rig.router.consume(messages('tick', 1_000))],
    ['consume of one list', (rig) => rig.router.consume([messages('tick', 1_000)])],
    ['writable', (rig) => pipeline(Readable.from(messages('tick', 1_000)), rig.router.writable())],
    ['writable of one list', (rig) => pipeline(Readable.from([messages('tick', 1_000)]), rig.router.writable())],
    ['offer of one list', (rig) => rig.router.offer(messages('tick', 1_000))],
    ['deliver of one list', (rig) => rig.router.deliver(messages('tick', 1_000))],
    ['offer of a list that nobody takes', (rig) => refusedList(rig)],
    [
      'offer after offer',
      async (rig) => {
        for (const each of messages('tick', 1_000)) await rig.router.offer(each);
      },
    ],
  ])('%s', async (_name, feed) => {
    expect(await turnsDuring(feed)).toBeGreaterThan(50);
  });
});

describe('19.33 a stream into a router that does not run fails', () => {
  it('a pipeline into a router that was stopped, also one without a message', async () => {
    const rig = await stuck();
    await rig.stop();
    for (const feed of [mixed(4), []]) {
      const piped = pipeline(Readable.from(feed), rig.router.writable());
      await expect(piped).rejects.toMatchObject({ code: 'not-running', message: 'writable: the router was stopped' });
    }
    await expect(rig.router.consume(mixed(4))).rejects.toMatchObject({ code: 'not-running' });
  });

  it('a pipeline into a router that was not started', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: {} } });
    const piped = pipeline(Readable.from(messages('tick', 4)), rig.router.writable());
    await expect(piped).rejects.toMatchObject({ message: 'writable: the router was not started' });
    await expect(rig.router.consume([])).rejects.toMatchObject({ message: 'consume: the router was not started' });
  });

  it('a pipeline that is open when the router stops, and says how many messages were not taken in', async () => {
    const rig = await stuck();
    const source = new Readable({ objectMode: true, read() {} });
    const piped = pipeline(source, rig.router.writable());
    piped.catch(() => {});
    for (const each of mixed(60)) source.push(each);
    await turns(rig);
    expect(rig.metrics('ohlcv').waitingOffers).toBe(20);
    await rig.stop();
    await expect(piped).rejects.toThrow('writable: the router was stopped; 20 messages were not taken in');
    expect(source.destroyed).toBe(true);
    expect(rig.metrics('ohlcv')).toMatchObject({ rejectedBy: { 'not-running': 20 } });
  });

  it('a stream nobody listens to does not end the process', async () => {
    const rig = await stuck();
    const writable: Writable = rig.router.writable();
    const closed = new Promise<void>((resolve) => void writable.on('close', resolve));
    await rig.stop();
    await closed;
    expect(writable.destroyed).toBe(true);
    await expect(finished(writable)).rejects.toThrow('was stopped');
  });

  it('19.23 streams that fail by the hundred are a few lines in the log, without secrets', async () => {
    const lines: [object, string][] = [];
    const silent = { debug() {}, info() {}, warn: (fields: object, text: string) => void lines.push([fields, text]) };
    const logger: Logger = { ...silent, error() {}, child: () => ({ ...logger, warn() {} }) };
    const rig = await createTestRouter({ sinks: { tick: {} }, logger });
    for (let n = 0; n < 100; n += 1) rig.router.writable().destroy(new Error('wss://me:hunter2@feed is gone'));
    await turns(rig);
    await rig.advance(10_000);
    const text = 'a stream into the router failed';
    expect(lines.map(([, line]) => line)).toEqual([...Array(10).fill(text), `${text}: … and 90 more in 10 s`]);
    expect(lines[0]?.[0]).toMatchObject({ err: { message: 'wss://(not shown)@feed is gone' } });
  });

  it('what a destroyed stream has given to the router is still delivered', async () => {
    const rig = await stuck();
    const writable = rig.router.writable();
    for (const each of mixed(60)) writable.write(each);
    await turns(rig);
    writable.destroy();
    rig.router.resume('ohlcv');
    await rig.advance(10_000);
    expect(rig.metrics('ohlcv').delivered).toBe(30);
  });
});

describe('19.17 `consume` of an endless source ends', () => {
  function* endless(): Generator<unknown> {
    for (let n = 0; ; n += 1) yield message('tick', n);
  }
  async function* endlessLater(): AsyncGenerator<unknown> {
    yield* endless();
  }
  const silent = (): AsyncIterable<unknown> => new Readable({ objectMode: true, read() {} });

  it.each<readonly [string, () => Iterable<unknown> | AsyncIterable<unknown>]>([
    ['a generator', endless],
    ['an asynchronous generator', endlessLater],
    ['a silent stream', silent],
  ])('after `stop`: %s', async (_name, source) => {
    const rig = await stuck();
    rig.sink('tick').otherwise = () => rig.clock.jump(0.1);
    const consumed = rig.router.consume(source());
    rig.clock.setTimeout(() => void rig.router.stop(), 20);
    const { accepted } = await until(rig, consumed);
    expect(rig.metrics('tick').received).toBe(accepted);
  });

  it('with its signal, and hands back what it read and could not give to the router', async () => {
    const rig = await stuck();
    const controller = new AbortController();
    const feed = mixed(60);
    const consumed = rig.router.consume([feed, endless()], { signal: controller.signal });
    await rig.advance(10);
    controller.abort();
    const { accepted, returnedMessages } = await rig.advanceUntil(consumed);
    expect(accepted).toBe(40);
    expect(numbersOf((returnedMessages ?? []) as TestMessage[])).toEqual(
      numbers(60)
        .filter((n) => n % 2 === 0)
        .slice(10),
    );
    expect(rig.metrics('ohlcv')).toMatchObject({ received: 10, waitingOffers: 0 });
  });
});
