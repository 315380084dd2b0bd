import { PerformanceObserver } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { createRouter, ProcessingChannel } from 'sluice';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { channelsOf } from './contestants/sluice.ts';
import { mixedType } from './message.ts';
import { poolOf, SLICE } from './supply.ts';

/** What 100,000 messages of a flood cost, or 1,000 that come one by one; `allocated`: in the heap, unless something was collected. */
export type HotPathCounts = Awaited<ReturnType<typeof hotPath>>;

/** On the simulated clock, so that no machine is too slow for the same counts; the young generation holds everything. */
async function hotPath(workload: string | undefined) {
  // Three a second, or ten million: traffic that never pauses.
  const [total, atOnce, everyMs] = workload === 'low' ? [1_000, 1, 300] : [100_000, SLICE, 0.1];
  const supply = poolOf(2_000, workload === 'W1' ? mixedType : () => 'T');
  const clock = createSimulatedClock();
  let counts = { messages: 0, transitions: 0, timers: 0, allocated: 0, collections: 0 };
  let delivered = 0;
  let beganAt = 0;
  const process = async (batch: readonly unknown[]): Promise<void> => {
    delivered += batch.length;
  };
  const setTimeout: typeof clock.setTimeout = (callback, ms) => {
    counts.timers += 1;
    return clock.setTimeout(callback, ms);
  };
  const inspect = ({ type }: { readonly type: string }): void => {
    if (type === '@xstate.microstep') counts.transitions += 1;
  };
  const names = ['tick', 'ohlcv', 'fmv'];
  const channels = names.map((name) => ({ name, process, batchSize: workload === 'W2' ? 1 : 100, timeoutMs: 100 }));
  const options = channelsOf({ ProcessingChannel }, channels);
  const router = createRouter({ ...options, clock: { ...clock, setTimeout }, inspect });
  new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntries()) if (startTime > beganAt) counts.collections += 1;
  }).observe({ entryTypes: ['gc'] });
  const started = router.start();
  await clock.advance(10);
  await started;
  const windows: (typeof counts)[] = [];
  for (let window = 0; window < 7; window += 1) {
    globalThis.gc?.();
    beganAt = performance.now();
    counts = { messages: total, transitions: 0, timers: 0, allocated: 0, collections: 0 };
    const due = delivered + counts.messages;
    const before = memoryUsage().heapUsed;
    for (let taken = 0; taken < counts.messages; taken += atOnce) {
      for (const message of atOnce === 1 ? supply.next().slice(0, 1) : supply.next())
        if (router.route(message).status !== 'accepted') throw new Error('a message found no room');
      await clock.advance(everyMs);
    }
    counts.allocated = memoryUsage().heapUsed - before;
    if (delivered !== due) throw new Error(`${due - delivered} messages are missing`);
    // The observer hears of collections in a later turn.
    await new Promise((resolve) => globalThis.setTimeout(resolve, 20));
    windows.push(counts);
  }
  // The first four warm up; in one of the others the compiler may still allocate for itself.
  return windows.slice(4).reduce((least, each) => (each.allocated < least.allocated ? each : least));
}

process.stdout.write(JSON.stringify(await hotPath(process.argv[2])));
