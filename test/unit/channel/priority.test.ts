import { describe, expect, it } from 'vitest';
import { CALL_WEIGHT, STRIDE_MAX } from '../../../src/core/coarse-clock.ts';
import { busy, createTestRouter, message, messages, slow, type TestRouter } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

/** Routes one message of `channel` at each turn of the event loop, until the clock says so. */
function feed(rig: TestRouter, channel: string, untilMs: number, perTurn = 1): void {
  let n = 0;
  const turn = (): void => {
    for (let index = 0; index < perTurn; index += 1) rig.router.route(message(channel, n++));
    if (rig.clock.now() < untilMs) rig.clock.setImmediate(turn);
  };
  rig.clock.setImmediate(turn);
}

describe('R3.3 priority 1 with an idle channel', () => {
  it('has entered an asynchronous `process` when `route` returns', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = slow(5);
    rig.router.route(message('tick', 0));
    expect(rig.sink('tick').calls).toMatchObject([{ outcome: 'running' }]);
    await rig.advance(5);
    rig.router.route(message('tick', 1));
    expect(rig.sink('tick').calls).toHaveLength(2);
  });

  it('is not held up by a batch of another channel that is still out', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, fmv: {} } });
    rig.sink('fmv').otherwise = slow(500);
    await routeAndAdvance(rig, messages('fmv', 50), 1);
    rig.router.route(message('tick', 0));
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
  });
});

it('R3.1 batches that are due together start in the order of priority', async () => {
  const rig = await createTestRouter({
    sinks: { late: { priority: 9 }, early: { priority: 2 }, middle: { priority: 5 } },
  });
  for (const name of ['late', 'middle', 'early']) rig.router.routeAll(messages(name, 3), { dataType: name });
  const order: string[] = [];
  for (const name of ['late', 'middle', 'early']) rig.sink(name).otherwise = () => void order.push(name);
  rig.router.flush();
  await rig.advance(1_000);
  expect(order).toEqual(['early', 'middle', 'late']);
});

describe('R3.4 channels that keep the processor busy', () => {
  it('priority 3 delays priority 1 by no more than one of its batches', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, fmv: { batchSize: 10, capacity: 10_000 } } });
    rig.sink('fmv').otherwise = busy(2);
    rig.router.routeAll(messages('fmv', 5_000));
    // A trade arrives every 10 ms; it gets in only when the event loop turns.
    const delays: number[] = [];
    const arrive = (dueMs: number): void => {
      rig.router.route(message('tick', dueMs));
      delays.push((rig.sink('tick').calls.at(-1)?.at ?? Number.NaN) - dueMs);
      if (dueMs < 900) rig.clock.setTimeout(() => arrive(dueMs + 10), Math.max(0, dueMs + 10 - rig.clock.now()));
    };
    rig.clock.setTimeout(() => arrive(10), 10);
    await rig.advance(2_000);
    expect(rig.sink('fmv').calls).toHaveLength(500);
    expect(delays).toHaveLength(90);
    expect(Math.max(...delays)).toBeLessThanOrEqual(2);
  });

  it('priority 3 is not kept out by priority 2 that has nothing more in this pass of the event loop', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 10 }, fmv: { batchSize: 10 } } });
    for (const type of ['ohlcv', 'fmv']) rig.sink(type).otherwise = async () => {};
    // Both have a batch in every pass, and no batch takes any time: priority 3 must keep up.
    let depthMax = 0;
    const pass = (left: number): void => {
      rig.router.routeAll([...messages('ohlcv', 10), ...messages('fmv', 10)]);
      depthMax = Math.max(depthMax, rig.metrics('fmv').depth);
      if (left > 0) rig.clock.setImmediate(() => pass(left - 1));
    };
    pass(99);
    await rig.clock.settle();
    expect(rig.metrics('fmv').delivered).toBe(1_000);
    expect(depthMax).toBeLessThanOrEqual(20);
  });

  it('priority 3 delays a backlog of priority 1 by one of its batches, not by one for each message', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, fmv: { batchSize: 10, capacity: 10_000 } } });
    rig.sink('tick').otherwise = async () => rig.clock.jump(0.1);
    rig.sink('fmv').otherwise = busy(5);
    await routeAndAdvance(rig, [...messages('fmv', 2_000), ...messages('tick', 200)], 2_000);
    const ended = rig.sink('tick').calls.at(-1)?.at ?? Number.NaN;
    expect(ended).toBeGreaterThan(19);
    expect(ended).toBeLessThanOrEqual(20 + 5);
    expect(numbersOf(rig.sink('fmv').delivered)).toHaveLength(2_000);
  });

  it('with priority 1 saturated for ten seconds, priority 3 gets its turn within `starvationMs`', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { capacity: 100_000 }, fmv: { batchSize: 1, timeoutMs: 1, capacity: 10_000 } },
      config: { router: { starvationMs: 1_000 } },
    });
    rig.sink('tick').otherwise = async () => rig.clock.jump(0.5);
    rig.sink('fmv').otherwise = busy(5);
    feed(rig, 'tick', 10_000, 4);
    await routeAndAdvance(rig, messages('fmv', 1_000), 10_000);
    expect(rig.metrics('tick').buffered, 'priority 1 never catches up').toBeGreaterThan(1_000);
    const turns = [0, ...rig.sink('fmv').calls.map(({ at }) => at), 10_000];
    const waits = turns.slice(1).map((at, index) => at - (turns[index] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_010);
    expect(turns.length).toBeGreaterThan(9);
    expect(turns.length, 'and no more than it is due').toBeLessThan(30);
  });

  it.each([
    [{}, {}, 0.6],
    [{ share: 1 }, { share: 4 }, 0.2],
  ])('priorities 2 and 3 with %j and %j share the time by weight', async (second, third, part) => {
    const endless = { batchSize: 10, capacity: 100_000 };
    const rig = await createTestRouter({ sinks: { ohlcv: { ...endless, ...second }, fmv: { ...endless, ...third } } });
    rig.sink('ohlcv').otherwise = busy(2);
    rig.sink('fmv').otherwise = busy(1);
    await routeAndAdvance(rig, [...messages('ohlcv', 10_000), ...messages('fmv', 20_000)], 1_000);
    const [mine, its] = ['ohlcv', 'fmv'].map((name) => rig.metrics(name).share.spentMs);
    expect(mine).toBeGreaterThan(1_000 * part * 0.9);
    expect(mine).toBeLessThan(1_000 * part * 1.1);
    expect((mine ?? 0) + (its ?? 0)).toBeGreaterThan(990);
    const [, percent] =
      / taken \d+ ms, (\d+) % of the time of all turns\./.exec(rig.router.explain('fmv').sentence) ?? [];
    expect(Math.abs(Number(percent) - 100 * (1 - part))).toBeLessThan(4);
  });

  it('a channel that works without a pause lets the event loop turn after `sliceMs`', async () => {
    const rig = await createTestRouter({ sinks: { tick: { capacity: 10_000 } }, config: { router: { sliceMs: 3 } } });
    rig.sink('tick').otherwise = async () => rig.clock.jump(1);
    const turns: number[] = [];
    const turn = (): void => {
      turns.push(rig.sink('tick').calls.length);
      if (turns.length < 100) rig.clock.setImmediate(turn);
    };
    rig.router.routeAll(messages('tick', 200));
    turn();
    await rig.advance(500);
    const steps = turns.slice(1).map((calls, index) => calls - (turns[index] ?? 0));
    // After brief work so many calls share a reading of the clock, and only the one after them notices.
    const blind = STRIDE_MAX / CALL_WEIGHT;
    const two = 'two slices of 3 ms, as the test itself takes its turns';
    expect(Math.max(...steps.slice(1)), two).toBeLessThanOrEqual(6);
    expect(steps[0]).toBeLessThanOrEqual(6 + blind);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(200));
  });
});

describe('`route` from inside `process`', () => {
  it('into the own channel waits for the call to end, and keeps the order', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const { router } = rig;
    let depth = 0;
    rig.sink('tick').otherwise = ({ batch }) => {
      depth += 1;
      expect(depth).toBe(1);
      const [first] = batch;
      if (first !== undefined && first.n < 10) router.routeAll(messages('tick', 2, first.n * 2 + 1));
      depth -= 1;
    };
    router.route(message('tick', 0));
    expect(await deliveredAfter(rig, 'tick', 1)).toEqual(numbers(21));
  });

  it('into another channel of priority 1 enters its `process` at once', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, quotes: { priority: 1, batchSize: 1 } } });
    let seen = -1;
    rig.sink('tick').otherwise = () => {
      rig.router.route(message('quotes', 7), { dataType: 'quotes' });
      seen = rig.sink('quotes').calls.length;
    };
    rig.router.route(message('tick', 0));
    expect(seen).toBe(1);
    rig.checkConserved();
  });

  it.each(['sync', 'async'])('in an endless chain (%s) overflows no stack and keeps nobody out', async (kind) => {
    const rig = await createTestRouter({ sinks: { tick: {}, quotes: { priority: 1, batchSize: 1 }, fmv: {} } });
    const { router, clock } = rig;
    const passTo = (channel: string) => () => {
      clock.jump(0.001);
      if (clock.now() < 50) router.route(message(channel, 0), { dataType: channel });
      return kind === 'async' ? Promise.resolve() : undefined;
    };
    rig.sink('tick').otherwise = passTo('quotes');
    rig.sink('quotes').otherwise = passTo('tick');
    router.routeAll(messages('fmv', 50));
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (clock.now() < 50) clock.setImmediate(turn);
    };
    turn();
    router.route(message('tick', 0));
    await rig.advance(60);
    expect(rig.sink('tick').calls.length).toBeGreaterThan(10_000);
    expect(turns).toBeGreaterThan(30);
    expect(numbersOf(rig.sink('fmv').delivered)).toHaveLength(50);
  });
});
