import type { RouterConfigInput } from '../../../src/index.ts';
import type { WindowLimits } from '../../../src/source/read-window.ts';
import { createTestRouter, messages } from '../../../src/testing/index.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { type SimulatedSource, simulatedSource } from '../../../src/testing/simulated-source.ts';

interface RigOptions {
  readonly sinks?: NonNullable<RouterConfigInput['channels']>;
  readonly partitions?: number;
  readonly window?: Partial<WindowLimits>;
  /** Of an earlier process, whose source and time go on. */
  readonly source?: SimulatedSource;
  readonly clock?: SimulatedClock;
  /** With `false` the test starts the router. */
  readonly isStarted?: boolean;
}

/** A router that reads one simulated source, `bars`, into the channel `ohlcv`. */
export async function sourceRig(options: RigOptions = {}) {
  const { clock = createSimulatedClock(), isStarted = true, partitions = 1, sinks = {}, window = {} } = options;
  const { source = simulatedSource({ clock, partitions }) } = options;
  const test = await createTestRouter({
    clock,
    isStarted,
    sinks: { ohlcv: { batchSize: 2, timeoutMs: 10 }, ...sinks },
    sources: { bars: { source, window } },
  });
  /** Appends that many frames of two bars each. */
  const append = (frames: number, partition = 0): void => {
    for (let n = 0; n < frames; n += 1) source.append(messages('ohlcv', 2, n * 2), partition);
  };
  return {
    clock,
    source,
    test,
    sink: test.sink('ohlcv'),
    append,
    async appendAndAdvance(frames: number, ms: number): Promise<void> {
      append(frames);
      await test.advance(ms);
    },
    info() {
      const info = test.router.sources.get('bars');
      if (info === undefined) throw new Error('there is no source bars');
      return info;
    },
    metrics() {
      const metrics = test.router.metrics().sources.bars;
      if (metrics === undefined) throw new Error('there is no source bars');
      return metrics;
    },
  };
}
