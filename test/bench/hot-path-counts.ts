import { constants, PerformanceObserver } from 'node:perf_hooks';
import { createRouter } from 'sluice';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { Sink } from './contestants/sluice.ts';
import { mixedType } from './message.ts';
import { Pool, SLICE } from './supply.ts';

/** What 100,000 messages cost, in things that can be counted. */
export interface HotPathCounts {
  readonly messages: number;
  readonly transitions: number;
  readonly timers: number;
  /** Bytes by which the heap grew: what was allocated, if there was no collection. */
  readonly allocated: number;
  readonly collections: number;
}

const MESSAGES = 100_000;
/** Ten million messages a second: traffic that never pauses. */
const SLICE_MS = 0.1;
const WARM_WINDOWS = 4;
const WINDOWS = 3;

const workloads = {
  W1: { supply: () => new Pool(2_000, mixedType), batchSize: 100, isSync: false },
  W2: { supply: () => new Pool(2_000, () => 'T' as const), batchSize: 1, isSync: false },
};

/**
 * Pushes a workload on the simulated clock, so that no machine is too slow for the same counts.
 * Runs in a process whose young generation holds everything: without a collection, the heap's growth is what was allocated.
 */
async function count(name: keyof typeof workloads, withInspector: boolean): Promise<HotPathCounts> {
  const { supply, batchSize } = workloads[name];
  const messages = supply();
  let transitions = 0;
  let timers = 0;
  let delivered = 0;
  const clock = createSimulatedClock();
  const names = ['tick', 'ohlcv', 'fmv'];
  const sink = (): Sink =>
    new Sink(async (batch) => {
      delivered += batch.length;
    });
  const router = createRouter({
    config: { channels: Object.fromEntries(names.map((channel) => [channel, { batchSize, timeoutMs: 100 }])) },
    channels: Object.fromEntries(names.map((channel) => [channel, sink])),
    clock: {
      ...clock,
      setTimeout(callback, ms) {
        timers += 1;
        return clock.setTimeout(callback, ms);
      },
    },
    ...(withInspector && {
      inspect: ({ type }: { readonly type: string }) => {
        if (type === '@xstate.microstep') transitions += 1;
      },
    }),
  });
  const started = router.start();
  await clock.advance(10);
  await started;
  const run = async (): Promise<void> => {
    const due = delivered + MESSAGES;
    for (let pushed = 0; pushed < MESSAGES; pushed += SLICE) {
      for (const message of messages.next())
        if (router.route(message).status !== 'accepted') throw new Error(`${name}: a message found no room`);
      await clock.advance(SLICE_MS);
    }
    if (delivered !== due) throw new Error(`${name}: ${due - delivered} of ${MESSAGES} messages are missing`);
  };
  for (let window = 0; window < WARM_WINDOWS; window += 1) await run();
  const windows: HotPathCounts[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    globalThis.gc?.();
    const collectionsBefore = collections;
    transitions = 0;
    timers = 0;
    const before = process.memoryUsage().heapUsed;
    await run();
    const allocated = process.memoryUsage().heapUsed - before;
    // The observer is told in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 20));
    windows.push({ messages: MESSAGES, transitions, timers, allocated, collections: collections - collectionsBefore });
  }
  // The compiler may still allocate for itself in one of them.
  return windows.reduce((least, each) => (each.allocated < least.allocated ? each : least));
}

let collections = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!isForced(entry)) collections += 1;
}).observe({ entryTypes: ['gc'] });

/** Those before a window are asked for, and told only when it has begun. */
function isForced(entry: object): boolean {
  // What Node says of a collection; its types know `detail` only as something.
  const { detail } = entry as { readonly detail?: { readonly flags?: number } };
  return ((detail?.flags ?? 0) & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
}

const [, , name, mode] = process.argv;
if (name !== 'W1' && name !== 'W2') throw new Error(`no workload '${name}'; there is W1, W2`);
process.stdout.write(JSON.stringify(await count(name, mode === 'transitions')));
