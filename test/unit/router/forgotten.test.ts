import { expect, it } from 'vitest';
import { layersOf } from '../../../src/config/parse.ts';
import { createRouter, defineChannel, type Logger, ProcessingChannel } from '../../../src/index.ts';
import { createSimulatedClock, createTestRouter, message } from '../../../src/testing/index.ts';
import { collectGarbage } from '../../support/garbage.ts';

const breaker = { minimumCalls: 2, window: { count: 4 } };

it('channels that were added and removed leave nothing behind, neither a class nor a line of configuration', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const { router } = rig;
  const classes: WeakRef<object>[] = [];
  const add = (n: number): string => {
    class Passing extends ProcessingChannel<unknown> {
      override process(): void {}
    }
    classes.push(new WeakRef(Passing));
    const name = `passing-${n}`;
    router.add(name, Passing, { dataType: name, breaker: { ...breaker, shared: `sink-${n}` } });
    return name;
  };
  for (let round = 0; round < 10; round += 1) {
    const names = Array.from({ length: 20 }, (_, index) => add(20 * round + index));
    await rig.advance(1);
    for (const name of names) router.route(message('tick', round), { dataType: name });
    const reports = await rig.advanceUntil(Promise.all(names.map((name) => router.remove(name))));
    expect(reports.every(({ delivered }) => delivered === 1)).toBe(true);
  }
  expect(layersOf(router.config).length).toBeLessThanOrEqual(2);
  expect(Object.keys(router.config.channels)).toEqual(['tick']);
  // A WeakRef holds its target until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(classes.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(10);
  await expect(router.reconfigure({ channels: { 'passing-7': {} } })).rejects.toMatchObject({ code: 'invalid-config' });
});

it('a breaker that nobody shares any more is forgotten: who names it again begins with a closed one', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const { router } = rig;
  const config = { dataType: 'ohlcv', breaker: { ...breaker, shared: 'sink' } };
  router.add('bars', rig.sink('ohlcv').channel, config);
  router.trip('bars');
  await rig.advanceUntil(router.remove('bars', { deadlineMs: 100 }));
  router.add('bars', rig.sink('ohlcv').channel, config);
  expect(router.metrics().channels.bars?.breaker).toMatchObject({ state: 'closed', opened: 0 });
});

it('a host that adds and removes a channel 5,000 times keeps no more than one that does it 1,000 times', async () => {
  const clock = createSimulatedClock();
  // A child of a real logger holds its bindings as text.
  const loggerOf = (bindings: object): Logger => {
    const kept = { ...bindings, more: new Array(100).fill(0) };
    const write = (): void => void kept;
    return { debug: write, info: write, warn: write, error: write, child: loggerOf };
  };
  const Passing = defineChannel({ process() {} });
  const router = createRouter({ channels: { tick: Passing }, clock, logger: loggerOf({}) });
  const started = router.start();
  await clock.advance(1);
  await started;
  const heapAfter = async (from: number, to: number): Promise<number> => {
    for (let n = from; n < to; n += 1) {
      router.add(`passing-${n}`, Passing);
      await clock.settle();
      router.trip(`passing-${n}`);
      router.reset(`passing-${n}`);
      const removed = router.remove(`passing-${n}`);
      await clock.settle();
      await removed;
    }
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  await heapAfter(0, 200);
  const early = await heapAfter(200, 1_000);
  const late = await heapAfter(1_000, 5_000);
  expect(router.alerts).toEqual([]);
  // A channel needs some 10 kB while it is there; of 4,000 there may be left what V8 learns, less than 200 bytes each.
  expect(late - early).toBeLessThan(1_600_000);
});

it('a host that reloads a channel to other partitions 500 times keeps no more than one that does it 100 times', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const heapAfter = async (from: number, to: number): Promise<number> => {
    for (let n = from; n < to; n += 1) {
      await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { partitions: 1 + (n % 3) } } }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const early = await heapAfter(0, 100);
  const late = await heapAfter(100, 500);
  // A channel that is kept needs more than 10 kB; what the rig notes of each reload is less than 5 kB.
  expect(late - early).toBeLessThan(2_400_000);
});
