import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { defineChannel } from '../../../src/channel/define-channel.ts';
import {
  createTestRouter,
  failOnly,
  failWhen,
  hang,
  message,
  messages,
  refuse,
  reject,
  slow,
  type TestMessage,
} from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { routeAndAdvance } from '../../support/routed.ts';

const DELIVERED = { status: 'delivered' };
const isOdd = ({ n }: TestMessage): boolean => n % 2 === 1;

/** The outcomes so far; undefined while the promise has not resolved. */
function watch<Value>(promise: Promise<Value>): { value: Value | undefined } {
  const seen: { value: Value | undefined } = { value: undefined };
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

describe('R7.5 `deliver` resolves when', () => {
  it('`process` has resolved, not when the message was taken in', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = slow(50);
    const outcome = watch(rig.router.deliver(message('tick', 0)));
    await rig.advance(49);
    expect(outcome.value).toBeUndefined();
    await rig.advance(1);
    expect(outcome.value).toEqual(DELIVERED);
  });

  it('a later attempt has succeeded', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3 } } });
    rig.sink('ohlcv').script.push(reject(), reject());
    const outcomes = watch(rig.router.deliver(messages('ohlcv', 3)));
    await rig.advance(0);
    expect(outcomes.value).toBeUndefined();
    await rig.advance(1_000);
    expect(outcomes.value).toEqual([DELIVERED, DELIVERED, DELIVERED]);
  });

  it('a hung call was abandoned and the channel restarted: the second life decides, a late outcome says nothing', async () => {
    const rig = await createTestRouter({ sinks: { tick: { processTimeoutMs: 10, abandonAfterMs: 10 } } });
    rig.sink('tick').script.push(slow(60), reject());
    const outcome = watch(rig.router.deliver(message('tick', 0)));
    await rig.advance(70);
    expect(rig.metrics('tick')).toMatchObject({ late: 1, delivered: 0 });
    expect(outcome.value).toBeUndefined();
    await rig.advance(60_000);
    expect(outcome.value).toEqual(DELIVERED);
  });

  it('all of a list are settled, and lists what became of each in its place', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5, timeoutMs: 10, retry: { attempts: 1 } } } });
    const error = new Error('odd');
    rig.sink('ohlcv').otherwise = failWhen(isOdd, error);
    const outcomes = await rig.advanceUntil(rig.router.deliver([...messages('ohlcv', 5), { ev: 'nothing' }, 7]));
    expect(outcomes).toMatchObject([
      DELIVERED,
      { status: 'dead-lettered', channel: 'ohlcv', reason: 'poison', error },
      DELIVERED,
      { status: 'dead-lettered', channel: 'ohlcv', reason: 'poison', error },
      DELIVERED,
      { status: 'dead-lettered', channel: null, reason: 'unknown-type' },
      { status: 'dead-lettered', channel: null, reason: 'unknown-type', error: 'a number is not a message' },
    ]);
    expect(await rig.router.deadLetters.list()).toHaveLength(4);
  });

  it('a message that `context.fail` named was given up, the others at once', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3, retry: { attempts: 2 } } } });
    rig.sink('ohlcv').otherwise = failOnly(1);
    rig.sink('ohlcv').script.push(failOnly(1), failOnly(0));
    const [first, second, third] = messages('ohlcv', 3).map((each) => watch(rig.router.deliver(each)));
    await rig.advance(0);
    expect([first?.value, second?.value, third?.value]).toEqual([DELIVERED, undefined, DELIVERED]);
    await routeAndAdvance(rig, message('ohlcv', 4), 2_000);
    expect(second?.value).toMatchObject({ status: 'dead-lettered', reason: 'poison' });
  });

  it('its own outcome is known, also in a batch with messages that came by `route`', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3, retry: { attempts: 2 } } } });
    rig.sink('ohlcv').script.push(failOnly([0, 2]), failOnly(0));
    rig.router.route(message('ohlcv', 0));
    const [, last] = messages('ohlcv', 2).map((each) => watch(rig.router.deliver(each)));
    await rig.advance(2_000);
    expect(last?.value).toEqual(DELIVERED);
  });

  it('an error said that another attempt cannot help', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').script.push(refuse({ retryable: false }));
    expect(await rig.router.deliver(message('tick', 0))).toMatchObject({ reason: 'not-retryable', channel: 'tick' });
  });

  it('a message is invalid', async () => {
    const error = new Error('no price');
    const tick = defineChannel({
      validate() {
        throw error;
      },
      process() {},
    });
    const rig = await createTestRouter({ channels: { tick } });
    const outcome = await rig.router.deliver(message('tick', 0));
    expect(outcome).toEqual({ status: 'dead-lettered', channel: 'tick', reason: 'invalid', error });
  });

  it.each(['drop-oldest', 'drop-newest'] as const)('a full mailbox has dropped it by %s', async (overflow) => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 2, overflow } } });
    rig.sink('tick').otherwise = slow(10);
    rig.router.route(message('tick', 0));
    const delivered = messages('tick', 2, 1).map((each) => rig.router.deliver(each));
    await rig.advance(0);
    await routeAndAdvance(rig, messages('tick', 2, 3), 100);
    const status = overflow === 'drop-oldest' ? 'dropped' : 'delivered';
    expect(await Promise.all(delivered)).toEqual([{ status }, { status }]);
  });

  it('a later message of the same call has taken its place', async () => {
    const rig = await createTestRouter({ sinks: { fmv: { overflow: 'conflate', batchSize: 5, timeoutMs: 50 } } });
    const outcomes = await rig.advanceUntil(rig.router.deliver(messages('fmv', 3)));
    expect(outcomes).toEqual([{ status: 'conflated' }, { status: 'conflated' }, DELIVERED]);
    expect(rig.metrics('fmv')).toMatchObject({ conflated: 2, delivered: 1 });
  });

  it('the message that took its place is settled, if that came from elsewhere and could be lost', async () => {
    const rig = await createTestRouter({ sinks: { fmv: { overflow: 'conflate', batchSize: 5, timeoutMs: 50 } } });
    const outcome = watch(rig.router.deliver(message('fmv', 0)));
    await rig.advance(0);
    await routeAndAdvance(rig, message('fmv', 1), 49);
    expect(outcome.value).toBeUndefined();
    await rig.advance(1);
    expect(outcome.value).toEqual({ status: 'conflated' });
    expect(numbersOf(rig.sink('fmv').delivered)).toEqual([1]);
  });
});

describe('`deliver` and room', () => {
  it('waits for it, and keeps the order of its channel', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 2 } } });
    rig.sink('tick').otherwise = slow(1);
    const outcomes = await rig.advanceUntil(rig.router.deliver(messages('tick', 50)));
    expect(outcomes).toEqual(numbers(50).map(() => DELIVERED));
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(50));
  });

  it('an abort takes back what waits for it; what was taken in is settled as ever', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 2 } } });
    rig.sink('tick').otherwise = slow(10);
    const controller = new AbortController();
    const outcomes = rig.router.deliver(messages('tick', 6), { signal: controller.signal });
    await rig.advance(15);
    controller.abort();
    const aborted = { status: 'aborted' };
    expect(await rig.advanceUntil(outcomes)).toEqual([DELIVERED, DELIVERED, DELIVERED, DELIVERED, aborted, aborted]);
    expect(rig.metrics('tick')).toMatchObject({ received: 4, delivered: 4 });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(await rig.router.deliver(message('tick', 6), { signal: controller.signal })).toEqual(aborted);
  });
});

describe('at `stop`', () => {
  it('a message that was not delivered is handed back to `deliver`, and not to the host as well', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2, capacity: 4 } } });
    rig.sink('ohlcv').otherwise = hang();
    const outcomes = watch(rig.router.deliver(messages('ohlcv', 7)));
    await rig.advance(1);
    const report = await rig.stop({ deadlineMs: 100 });
    const status = ['unsettled', 'unsettled', 'returned', 'returned', 'returned', 'returned'];
    const rejected = { status: 'rejected', reason: 'not-running' };
    expect(outcomes.value).toEqual([...status.map((each) => ({ status: each })), rejected]);
    expect(report.channels.ohlcv).toMatchObject({
      ...{ accepted: 6, inFlight: 2, returned: 4, rejected: 1 },
      ...{ returnedMessages: [], unsettledMessages: [] },
    });
    expect(report).toMatchObject({ conserved: true, onTime: false });
  });

  it('what waits for another attempt or in quarantine is handed back, too', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { retry: { attempts: 1, delayMs: 60_000, delayMsMax: 60_000 } } },
    });
    rig.sink('tick').otherwise = reject();
    const outcomes = messages('tick', 3).map((each) => watch(rig.router.deliver(each)));
    await routeAndAdvance(rig, message('tick', 3), 10);
    const report = await rig.stop({ deadlineMs: 0 });
    expect(outcomes.map(({ value }) => value)).toEqual(numbers(3).map(() => ({ status: 'returned' })));
    expect(report.channels.tick?.returnedMessages).toEqual([message('tick', 3)]);
  });

  it('a routed message that took the place of a delivered one is the host’s, and both hear of it', async () => {
    const rig = await createTestRouter({ sinks: { fmv: { overflow: 'conflate', batchSize: 5 } } });
    rig.router.pause();
    const outcome = watch(rig.router.deliver(message('fmv', 0)));
    await rig.advance(0);
    rig.router.route(message('fmv', 1));
    const report = await rig.stop();
    expect(report.channels.fmv?.returnedMessages).toEqual([message('fmv', 1)]);
    expect(outcome.value).toEqual({ status: 'returned' });
  });

  it('and before the start nothing is taken in', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} }, isStarted: false });
    expect(await rig.router.deliver([message('tick', 0)])).toEqual([{ status: 'rejected', reason: 'not-running' }]);
  });
});

it('a reload takes what waits along: it is settled by the successor', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2, timeoutMs: 1_000 } } });
  rig.sink('ohlcv').script.push(reject());
  rig.sink('ohlcv').otherwise = failWhen(({ n }: TestMessage) => n === 1, { retryable: false });
  const outcomes = watch(rig.router.deliver(messages('ohlcv', 5)));
  await rig.advance(0);
  await rig.advanceUntil(
    rig.router.reconfigure({ channels: { ohlcv: { partitions: 3, partitionBy: 'n', timeoutMs: 100 } } }),
  );
  expect(outcomes.value).toBeUndefined();
  await rig.advance(10_000);
  expect(outcomes.value?.map(({ status }) => status)).toEqual([
    'delivered',
    'dead-lettered',
    ...numbers(3).map(() => 'delivered'),
  ]);
});
