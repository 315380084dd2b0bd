import { createRouter, defineChannel } from 'sluice';
import { heapInUse } from './own-process.ts';

/** What a channel at rest costs, in bytes of the heap: when it is made, and when it has started. */
export interface RestBytes {
  readonly made: number;
  readonly started: number;
}

const CHANNELS = 5_000;

async function restBytes(prefix: string, count: number): Promise<RestBytes> {
  const names = Array.from({ length: count }, (_, n) => `${prefix}${n}`);
  const one = { priority: 2, batchSize: 100, timeoutMs: 100, capacity: 10_000 };
  const config = { channels: Object.fromEntries(names.map((name) => [name, one])) };
  const channels = Object.fromEntries(names.map((name) => [name, defineChannel({ process() {} })]));
  const before = heapInUse();
  const router = createRouter({ channels, config });
  const made = heapInUse();
  await router.start();
  const started = heapInUse();
  await router.stop();
  return { made: (made - before) / count, started: (started - made) / count };
}

// What all channels share, code among it, is there after the first few.
await restBytes('w', 50);
process.stdout.write(JSON.stringify(await restBytes('c', CHANNELS)));
