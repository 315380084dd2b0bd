import { describe, expect, it } from 'vitest';
import { createTestRouter, message, messages, slow } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

describe('what `process` is told', () => {
  it('R1.1 the attempt, the trigger, the age, the depth behind it and the rules', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2, eventRules: { minMove: 3 } } } });
    rig.sink('ohlcv').script.push(slow(10));
    await routeAndAdvance(rig, messages('ohlcv', 5), 0);
    const [call] = rig.sink('ohlcv').calls;
    expect(call).toMatchObject({ attempt: 1, trigger: 'size', ageMs: 0 });
    expect(call?.context).toMatchObject({ depth: 3, rules: { minMove: 3 }, gaps: [] });
  });

  it('the age of its own batch while the call lasts, and none once it is over', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2 } } });
    rig.sink('ohlcv').script.push(slow(10));
    await routeAndAdvance(rig, message('ohlcv', 0), 100);
    const [first] = rig.sink('ohlcv').calls;
    expect(first?.context.ageMs).toBe(100);
    await routeAndAdvance(rig, [message('ohlcv', 1), message('ohlcv', 2)], 200);
    expect([first?.context.ageMs, rig.sink('ohlcv').calls.length]).toEqual([0, 2]);
  });
});

it('`batch.flushed` tells what was delivered, why, after which wait, and how long it took', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 3 } } });
  rig.sink('ohlcv').script.push(slow(7));
  await routeAndAdvance(rig, messages('ohlcv', 2), 200);
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
    await routeAndAdvance(rig, [...messages('ohlcv', 4), ...messages('tick', 2, 1)], 1);
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

it('`fail` with an index outside the batch is misuse, told with what is allowed', async () => {
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
  await routeAndAdvance(rig, messages('ohlcv', 2), 1);
  expect(errors).toHaveLength(5);
  expect(errors[1]).toMatchObject({
    code: 'invalid-option',
    message: 'context.fail: index must be a whole number from 0 to 1, got 2',
  });
  expect(rig.metrics('ohlcv').delivered).toBe(2);
});

it('a handler that empties its batch and then fails loses nothing', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 4 } } });
  rig.sink('ohlcv').script.push(({ batch }) => {
    (batch as unknown[]).splice(0, 2);
    throw new Error('failed after taking two out');
  });
  expect(await deliveredAfter(rig, 'ohlcv', 10_000, messages('ohlcv', 4))).toEqual([0, 1, 2, 3]);
  expect(rig.metrics('ohlcv')).toMatchObject({ accepted: 4, delivered: 4, inFlight: 0 });
});
