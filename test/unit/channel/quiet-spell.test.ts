import { expect, it } from 'vitest';
import { partsOf } from '../../../src/router/router.ts';
import { createTestRouter, message, messages, slow, type TestRouter } from '../../../src/testing/index.ts';
import { routeAndAdvance } from '../../support/routed.ts';

/** The states that the only channel entered since it was warm. */
function entered(rig: TestRouter): readonly string[] {
  return [...rig.router.channels.keys()].flatMap((name) => rig.states(name).slice(2));
}

it('R3.3 after a pause the next message of priority 1 is delivered inside route', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  for (const n of [1, 2, 3]) {
    expect(rig.router.route(message('tick', n))).toEqual({ status: 'accepted' });
    expect(rig.sink('tick').delivered).toHaveLength(n);
    await rig.advance(3_000);
    expect(rig.router.explain('tick').state).toBe('idle');
  }
});

it('a batch that was only old enough ends the stay in flushing at once, without a timer', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, timeoutMs: 20 } } });
  await routeAndAdvance(rig, message('ohlcv', 0), 19);
  expect(entered(rig)).toEqual(['buffering']);
  await rig.advance(1);
  expect(entered(rig)).toEqual(['buffering', 'flushing', 'idle']);
  expect(rig.sink('ohlcv').delivered).toHaveLength(1);
});

it('a batch that was only old enough does not end the stay while the next messages wait', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, timeoutMs: 20 } } });
  rig.sink('ohlcv').script.push(slow(19));
  await routeAndAdvance(rig, message('ohlcv', 0), 20);
  // Due a moment after the call has settled.
  await routeAndAdvance(rig, message('ohlcv', 1), 21);
  expect(rig.sink('ohlcv').delivered).toHaveLength(2);
  expect(entered(rig)).toEqual(['buffering', 'flushing', 'idle']);
});

it('batches that come by age, one after the other, cause no transition, and a flush need not wait for their age', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, timeoutMs: 20 } } });
  for (let n = 0; n < 40; n += 1) await routeAndAdvance(rig, message('ohlcv', n), 4);
  expect(rig.sink('ohlcv').calls.map(({ batch }) => batch.length)).toEqual(Array(8).fill(5));
  await routeAndAdvance(rig, message('ohlcv', 40), 10);
  expect(rig.sink('ohlcv').delivered).toHaveLength(40);
  rig.router.flush('ohlcv');
  await rig.clock.settle();
  expect(rig.sink('ohlcv').delivered).toHaveLength(41);
  expect(entered(rig)).toEqual(['buffering', 'flushing']);
  await rig.advance(20);
  expect(entered(rig)).toEqual(['buffering', 'flushing', 'idle']);
});

it('an event loop that is late makes batches larger, without a transition for each', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, timeoutMs: 20 } } });
  const transitionsAt: number[] = [];
  rig.router.events.on('channel.entered', () => void transitionsAt.push(rig.clock.now()));
  // Something keeps the event loop for 11 ms at a time, and a message comes each time.
  for (let n = 0; n < 300; n += 1) {
    rig.router.route(message('ohlcv', n));
    rig.clock.jump(11);
    await rig.clock.settle();
  }
  await rig.advance(100);
  const sizes = rig.sink('ohlcv').calls.map(({ batch }) => batch.length);
  expect(rig.sink('ohlcv').delivered).toHaveLength(300);
  expect(sizes.length).toBeLessThanOrEqual(150);
  expect(transitionsAt.length).toBeLessThanOrEqual(6);
});

it('the quiet spell of a channel with batches of one message follows the rate, and ends when the traffic does', async () => {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
  for (let n = 0; n < 100; n += 1) await routeAndAdvance(rig, message('tick', n), 10);
  expect(entered(rig)).toEqual(['flushing', 'idle', 'flushing']);
  // A spell that began before the last message counts anew.
  await rig.advance(3_000);
  expect(rig.router.explain('tick').state).toBe('idle');
  for (let n = 100; n < 103; n += 1) {
    await routeAndAdvance(rig, message('tick', n), 10);
    // The pause before was longer than the longest spell.
    if (n === 100) expect(rig.router.explain('tick').state).toBe('idle');
    await rig.advance(2_990);
  }
});

it('a spell that followed the rate of single messages does not keep batches waiting that a reload asks for', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 1, timeoutMs: 20 } } });
  for (let n = 0; n < 5; n += 1) await routeAndAdvance(rig, message('ohlcv', n), 40);
  const reload = rig.router.reconfigure({ channels: { ohlcv: { batchSize: 10, timeoutMs: 20 } } });
  await routeAndAdvance(rig, message('ohlcv', 5), 20);
  expect(rig.sink('ohlcv').delivered).toHaveLength(6);
  await rig.advanceUntil(reload);
});

it('after an exception that broke something off, a full batch goes out at once in the midst of traffic, too', async () => {
  const tick = { priority: 1, batchSize: 10, timeoutMs: 1_000, capacity: 10 };
  const rig = await createTestRouter({ sinks: { tick } });
  await routeAndAdvance(rig, messages('tick', 6), 1_000);
  await routeAndAdvance(rig, message('tick', 6), 1);
  expect(rig.metrics('tick').state).toBe('flushing');
  for (const { partitions } of partsOf(rig.router).fleet.channels.values())
    for (const partition of partitions) partition.breakOff(new RangeError('the stack is used up'));
  for (let n = 7; n < 20; n += 1) expect(rig.router.route(message('tick', n)).status).toBe('accepted');
  await rig.clock.settle();
  expect(rig.sink('tick').delivered.length).toBeGreaterThanOrEqual(16);
});
