import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { defineChannel } from '../../../src/channel/define-channel.ts';
import type { ChannelInput } from '../../../src/index.ts';
import type { TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, failWhen, hang, hold, message, messages, slow } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const FULL = { status: 'rejected', reason: 'mailbox-full' };
const ACCEPTED = { status: 'accepted' };

/** A detector and a database that both get every tick. */
function shared(detector: ChannelInput = {}, database: ChannelInput = {}): Promise<TestRouter> {
  return createTestRouter({
    sinks: { detector: { ...detector, dataType: 'tick' }, database: { ...database, dataType: 'tick' } },
  });
}

function delivered(rig: TestRouter): readonly (readonly number[])[] {
  return ['detector', 'database'].map((name) => numbersOf(rig.sink(name).delivered));
}

describe('R7.6 channels that share a data type', () => {
  it('each get every message, in batches and mailboxes of their own', async () => {
    const rig = await shared({}, { batchSize: 4, timeoutMs: 50 });
    expect(rig.router.routeAll(messages('tick', 6))).toMatchObject({ accepted: 6, rejected: 0 });
    expect(delivered(rig)).toEqual([numbers(6), numbers(4)]);
    await rig.advance(50);
    expect(delivered(rig)).toEqual([numbers(6), numbers(6)]);
  });

  it('each count the message: `received` of the router counts it once for each', async () => {
    const rig = await shared();
    rig.router.routeAll(messages('tick', 5));
    const { channels, conserved, received } = rig.router.metrics();
    expect([received, conserved, channels.detector?.received, channels.database?.delivered]).toEqual([10, true, 5, 5]);
  });

  it('are what the registry lists for it, and `explain` names them', async () => {
    const rig = await shared();
    expect(rig.router.registry.get('tick')?.map(({ name }) => name)).toEqual(['detector', 'database']);
    const { sentence, sharesWith } = rig.router.explain('detector');
    expect(sharesWith).toEqual(['database']);
    expect(sentence).toMatch(/shares the data type tick with database: all of them take a message in, or none\.$/);
  });

  it('take a message in together even if a handler routes on the way: it comes behind in both', async () => {
    const rig = await shared({}, { batchSize: 2 });
    rig.sink('detector').script.push(() => void rig.router.route(message('tick', 1)));
    await routeAndAdvance(rig, message('tick', 0), 10);
    expect(delivered(rig)).toEqual([numbers(2), numbers(2)]);
  });
});

describe('a full one', () => {
  it('refuses for all, and is the only one that counts it', async () => {
    const rig = await shared({}, { capacity: 2 });
    rig.sink('database').otherwise = hang();
    expect(messages('tick', 4).map((each) => rig.router.route(each))).toEqual([ACCEPTED, ACCEPTED, ACCEPTED, FULL]);
    expect(rig.metrics('detector')).toMatchObject({ received: 3, rejected: 0, delivered: 3 });
    expect(rig.metrics('database')).toMatchObject({ received: 4, rejected: 1 });
    expect(rig.facts('message.rejected').map(({ channel }) => channel)).toEqual(['database']);
    expect(rig.router.explain('detector').sentence).toContain('wait for room in database');
  });

  it.each(['drop-oldest', 'drop-newest'] as const)('drops for itself alone by %s', async (overflow) => {
    const rig = await shared({}, { capacity: 2, overflow });
    rig.sink('database').otherwise = hang();
    expect(rig.router.routeAll(messages('tick', 6))).toMatchObject({ accepted: 6 });
    expect(rig.metrics('detector')).toMatchObject({ delivered: 6, dropped: 0 });
    expect(rig.metrics('database')).toMatchObject({ accepted: 6, dropped: 3 });
  });

  it('that conflates refuses only a key that does not wait', async () => {
    const rig = await shared({}, { capacity: 1, overflow: 'conflate' });
    rig.sink('database').otherwise = hang();
    const outcomes = ['A', 'B', 'B', 'C'].map((sym, n) => rig.router.route(message('tick', n, sym)));
    expect(outcomes).toEqual([ACCEPTED, ACCEPTED, ACCEPTED, FULL]);
    expect(numbersOf(rig.sink('detector').delivered)).toEqual([0, 1, 2]);
  });

  it('lets offers wait for all, in order, and none is taken in by one channel before the other has room', async () => {
    const rig = await shared({}, { capacity: 1 });
    rig.sink('database').otherwise = slow(10);
    const offers = messages('tick', 6).map((each) => rig.router.offer(each));
    await rig.advance(0);
    expect(delivered(rig)).toEqual([numbers(2), []]);
    await rig.advance(10);
    expect(delivered(rig)).toEqual([numbers(3), numbers(1)]);
    // What waits is not overtaken.
    expect(rig.router.route(message('tick', 9))).toEqual(FULL);
    await rig.advance(100);
    expect(delivered(rig)).toEqual([numbers(6), numbers(6)]);
    expect(await Promise.all(offers)).toEqual(numbers(6).map(() => ACCEPTED));
  });

  it('lets an offer be taken back, and the next one in when that has room elsewhere', async () => {
    const rig = await shared({}, { capacity: 1, partitions: 2 });
    const blocked = hold();
    rig.sink('database').script.push(blocked, slow(1_000));
    rig.router.routeAll([message('tick', 0), message('tick', 1)]);
    const controller = new AbortController();
    const first = rig.router.offer(message('tick', 2), { signal: controller.signal });
    const other = rig.router.offer(message('tick', 3, 'B'));
    expect(await deliveredAfter(rig, 'detector', 0)).toEqual([0, 1]);
    controller.abort(new Error('never mind'));
    await expect(first).rejects.toThrow('never mind');
    expect(await other).toEqual(ACCEPTED);
    expect(numbersOf(rig.sink('detector').delivered)).toEqual([0, 1, 3]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('one that takes nothing in', () => {
  it('because its breaker is open and it rejects refuses for all', async () => {
    const rig = await shared({}, { whenTripped: 'reject' });
    rig.router.trip('database');
    expect(rig.router.route(message('tick', 0))).toEqual({ status: 'rejected', reason: 'tripped' });
    expect(await rig.router.offer(message('tick', 0))).toEqual({ status: 'rejected', reason: 'tripped' });
    expect([rig.metrics('detector').received, rig.metrics('database').rejected]).toEqual([0, 2]);
  });

  it('because it was removed no longer counts: the other gets the messages, also those that waited', async () => {
    const rig = await shared({}, { capacity: 1 });
    rig.sink('database').otherwise = hang();
    const offers = messages('tick', 4).map((each) => rig.router.offer(each));
    expect(await deliveredAfter(rig, 'detector', 0)).toEqual([0, 1]);
    const report = await rig.advanceUntil(rig.router.remove('database', { deadlineMs: 10 }));
    expect(report).toMatchObject({ accepted: 2, returned: 1, inFlight: 1 });
    expect(await Promise.all(offers)).toEqual(numbers(4).map(() => ACCEPTED));
    rig.router.route(message('tick', 4));
    expect(numbersOf(rig.sink('detector').delivered)).toEqual(numbers(5));
    expect(rig.router.registry.get('tick')?.map(({ name }) => name)).toEqual(['detector']);
  });

  it('because the router stops answers what waits', async () => {
    const rig = await shared({}, { capacity: 1 });
    rig.sink('database').otherwise = hang();
    const offers = messages('tick', 4).map((each) => rig.router.offer(each));
    await rig.stop({ deadlineMs: 10 });
    const refused = { status: 'rejected', reason: 'not-running' };
    expect(await Promise.all(offers)).toEqual([ACCEPTED, ACCEPTED, refused, refused]);
    rig.checkConserved();
  });
});

describe('a message that is invalid for one', () => {
  const onlyEven = defineChannel({
    validate(each: unknown) {
      if ((each as TestMessage).n % 2 === 1) throw new Error('odd');
      return each;
    },
    process() {},
  });

  it('is that channel’s dead letter only, and accepted; invalid for all, it is rejected', async () => {
    const rig = await createTestRouter({
      channels: { strict: onlyEven },
      sinks: { all: { dataType: 'tick' } },
      config: { channels: { strict: { dataType: 'tick' } } },
    });
    expect(rig.router.route(message('tick', 1))).toEqual(ACCEPTED);
    expect(await rig.router.deadLetters.list()).toMatchObject([{ channel: 'strict', reason: 'invalid' }]);
    expect(numbersOf(rig.sink('all').delivered)).toEqual([1]);
    await rig.advanceUntil(rig.router.remove('all'));
    expect(rig.router.route(message('tick', 3))).toEqual({ status: 'rejected', reason: 'invalid' });
    rig.router.add('strict-too', onlyEven, { dataType: 'tick' });
    await rig.advance(1);
    expect(rig.router.route(message('tick', 5))).toEqual({ status: 'rejected', reason: 'invalid' });
    expect(await rig.router.deadLetters.list()).toHaveLength(4);
    rig.checkConserved();
  });

  it('is no dead letter if another channel is full: the caller still has the message', async () => {
    const rig = await createTestRouter({
      channels: { strict: onlyEven },
      sinks: { all: { dataType: 'tick', capacity: 1 } },
      config: { channels: { strict: { dataType: 'tick' } } },
    });
    rig.sink('all').otherwise = hang();
    rig.router.routeAll([message('tick', 0), message('tick', 2)]);
    expect(rig.router.route(message('tick', 1))).toEqual(FULL);
    expect(await rig.router.deadLetters.list()).toEqual([]);
    expect(rig.metrics('strict')).toMatchObject({ received: 2, rejected: 0 });
  });
});

it('a dead letter is replayed to its own channel only', async () => {
  const rig = await shared();
  rig.sink('database').script.push(failWhen(() => true, { retryable: false }));
  await routeAndAdvance(rig, message('tick', 0), 1);
  expect(await rig.router.deadLetters.list()).toMatchObject([{ channel: 'database', reason: 'not-retryable' }]);
  expect(await rig.advanceUntil(rig.router.deadLetters.replay())).toMatchObject({ replayed: 1 });
  expect(delivered(rig)).toEqual([[0], [0]]);
});

it('a letter of an unknown type goes to all that serve it by now', async () => {
  const rig = await createTestRouter({ sinks: { fmv: {} } });
  rig.router.route(message('tick', 0));
  for (const name of ['detector', 'database']) rig.router.add(name, rig.sink(name).channel, { dataType: 'tick' });
  await rig.advance(1);
  expect(await rig.advanceUntil(rig.router.deadLetters.replay())).toMatchObject({ replayed: 1, left: 0 });
  expect(delivered(rig)).toEqual([[0], [0]]);
});

describe('`deliver` to several channels', () => {
  it('resolves when the message is settled in all', async () => {
    const rig = await shared({}, { batchSize: 10, timeoutMs: 50 });
    let outcome: unknown;
    void rig.router.deliver(message('tick', 0)).then((value) => {
      outcome = value;
    });
    await rig.advance(49);
    expect([delivered(rig), outcome]).toEqual([[[0], []], undefined]);
    await rig.advance(1);
    expect(outcome).toEqual({ status: 'delivered' });
  });

  it('says the worst that became of it, and of a dead letter the channel', async () => {
    const rig = await shared();
    const error = { retryable: false };
    rig.sink('database').script.push(failWhen(() => true, error));
    const outcome = await rig.advanceUntil(rig.router.deliver(message('tick', 0)));
    expect(outcome).toEqual({ status: 'dead-lettered', channel: 'database', reason: 'not-retryable', error });
    rig.sink('database').otherwise = hang();
    const last = rig.router.deliver(message('tick', 1));
    await rig.stop({ deadlineMs: 10 });
    expect(await last).toEqual({ status: 'unsettled' });
    expect(delivered(rig)[0]).toEqual([0, 1]);
  });
});

describe('a reload', () => {
  const channels = (partitions: number, capacity = 1): Record<string, ChannelInput> => ({
    detector: { dataType: 'tick' },
    database: { dataType: 'tick', capacity, partitions },
  });

  it('that replaces one of them loses nothing that waits, and keeps the order', async () => {
    const rig = await createTestRouter({ sinks: channels(1) });
    rig.sink('database').otherwise = slow(10);
    const offers = messages('tick', 8).map((each) => rig.router.offer(each));
    await rig.advance(15);
    await rig.advanceUntil(rig.router.reconfigure({ channels: channels(2) }));
    await rig.advance(1_000);
    expect(await Promise.all(offers)).toEqual(numbers(8).map(() => ACCEPTED));
    expect(delivered(rig)).toEqual([numbers(8), numbers(8)]);
  });

  it('that makes room lets the waiting in', async () => {
    const rig = await createTestRouter({ sinks: channels(1) });
    rig.sink('database').otherwise = hang();
    const offers = messages('tick', 4).map((each) => rig.router.offer(each));
    await rig.advance(0);
    await rig.advanceUntil(rig.router.reconfigure({ channels: channels(1, 10) }));
    expect(await Promise.all(offers)).toEqual(numbers(4).map(() => ACCEPTED));
  });

  it('that adds a channel makes it share from then on; what waits already is the other’s alone', async () => {
    const rig = await createTestRouter({ sinks: { database: { dataType: 'tick', capacity: 1 } } });
    rig.sink('database').otherwise = slow(10);
    const offers = messages('tick', 4).map((each) => rig.router.offer(each));
    rig.router.add('detector', rig.sink('detector').channel, { dataType: 'tick' });
    await rig.advance(0);
    const later = rig.router.offer(message('tick', 4));
    await rig.advance(100);
    expect(await Promise.all([...offers, later])).toEqual(numbers(5).map(() => ACCEPTED));
    expect(delivered(rig)).toEqual([[4], numbers(5)]);
  });
});
