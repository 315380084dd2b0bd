import { describe, expect, it } from 'vitest';
import { createTestRouter, message, messages, slow } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

describe('R1.4 R3.2 a batch is due by size or by age', () => {
  it('one message flushes when it has waited `timeoutMs`, not before and not after', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, timeoutMs: 100 } } });
    await routeAndAdvance(rig, message('ohlcv', 0), 99);
    expect(rig.sink('ohlcv').calls).toEqual([]);
    await rig.advance(1);
    expect(rig.sink('ohlcv').calls).toMatchObject([{ at: 100, trigger: 'age', ageMs: 100 }]);
  });

  it('the age is that of the first message: later ones do not push it back', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, timeoutMs: 100 } } });
    for (let n = 0; n < 11; n += 1) {
      rig.router.route(message('ohlcv', n));
      if (n < 10) await rig.advance(10);
    }
    await rig.advance(0);
    expect(rig.sink('ohlcv').calls).toMatchObject([{ at: 100, ageMs: 100 }]);
    expect(await deliveredAfter(rig, 'ohlcv', 1_000)).toEqual(numbers(11));
  });

  it('a full batch goes at once, and what is left over is timed from its own first message', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, timeoutMs: 100 } } });
    await rig.advance(7);
    await routeAndAdvance(rig, messages('ohlcv', 25), 1_000);
    expect(rig.sink('ohlcv').calls.map(({ at, trigger, batch }) => [at, trigger, batch.length])).toEqual([
      [7, 'size', 10],
      [7, 'size', 10],
      [107, 'age', 5],
    ]);
    expect(rig.metrics('ohlcv').batches).toEqual({ size: 2, age: 1, request: 0, drain: 0, probe: 0 });
  });

  it.each([1, 2, 3, 5, 50])(
    'with a timeout of %i ms a message behind a full batch waits no longer',
    async (timeoutMs) => {
      const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, timeoutMs } } });
      await routeAndAdvance(rig, messages('ohlcv', 10), 0);
      await routeAndAdvance(rig, message('ohlcv', 10), 1_000);
      expect(rig.sink('ohlcv').calls.map(({ at }) => at)).toEqual([0, timeoutMs]);
    },
  );

  it('what has waited while a slow call was out is due as soon as that call ends', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10, timeoutMs: 100 } } });
    rig.sink('ohlcv').script.push(slow(250));
    await routeAndAdvance(rig, messages('ohlcv', 10), 50);
    await routeAndAdvance(rig, message('ohlcv', 10), 1_000);
    expect(rig.sink('ohlcv').calls.map(({ at, ageMs }) => [at, ageMs])).toEqual([
      [0, 0],
      [250, 200],
    ]);
  });
});

it('`flush` makes what waits due now, in one channel or in all', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: {}, fmv: {} } });
  rig.router.routeAll([...messages('ohlcv', 3), ...messages('fmv', 2)]);
  rig.router.flush('ohlcv');
  await rig.advance(0);
  expect(rig.sink('ohlcv').calls).toMatchObject([{ at: 0, trigger: 'request' }]);
  expect(rig.sink('fmv').calls).toEqual([]);
  rig.router.flush();
  await rig.advance(0);
  expect(rig.sink('fmv').calls).toMatchObject([{ at: 0, trigger: 'request' }]);
});

it('a paused channel takes messages in and delivers none, until it is resumed', async () => {
  const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
  rig.router.pause('tick');
  await routeAndAdvance(rig, [...messages('tick', 5), ...messages('ohlcv', 1)], 1_000);
  expect(rig.sink('tick').calls).toEqual([]);
  expect(numbersOf(rig.sink('ohlcv').delivered)).toEqual([0]);
  expect(rig.metrics('tick')).toMatchObject({ state: 'paused', buffered: 5 });
  rig.router.resume();
  expect(await deliveredAfter(rig, 'tick', 0)).toEqual(numbers(5));
});

it('a call that is out when its channel is paused goes on and counts', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  rig.sink('tick').script.push(slow(50));
  rig.router.routeAll(messages('tick', 2));
  rig.router.pause();
  expect(await deliveredAfter(rig, 'tick', 1_000)).toEqual([0]);
  expect(rig.metrics('tick')).toMatchObject({ delivered: 1, buffered: 1, inFlight: 0 });
});

describe('steady traffic', () => {
  it('causes no transitions: 100,000 messages in batches of 100 enter a handful of states', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 100, capacity: 1_000 } } });
    for (let n = 0; n < 100_000; n += 100) {
      rig.router.routeAll(messages('ohlcv', 100, n));
      await rig.clock.advance(1);
    }
    expect(rig.sink('ohlcv').calls).toHaveLength(1_000);
    await rig.advance(100);
    expect(rig.states('ohlcv').length).toBeLessThan(10);
    expect(rig.states('ohlcv').at(-1)).toBe('idle');
  });

  it('leaves no timer behind once it has ended', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {}, fmv: {} } });
    rig.sink('ohlcv').otherwise = slow(3);
    await routeAndAdvance(rig, [...messages('tick', 100), ...messages('ohlcv', 450), ...messages('fmv', 70)], 20_000);
    expect(rig.clock.pending).toBe(0);
    expect(Object.values(rig.router.health().channels).map(({ state }) => state)).toEqual(['idle', 'idle', 'idle']);
  });
});
