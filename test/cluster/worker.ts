import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRouter, defineChannel } from '../../src/index.ts';
import { partitionOf } from '../../src/nats/index.ts';
import { runAsWorker } from '../../src/workers/index.ts';
import { clientOf, PARTITIONS, type Tick } from './brokers.ts';

/** A worker process: its sink is a file, to which it appends what it delivers, and by which fence. */
const [kind = '', port = '', directory = '', busyMs = '0'] = process.argv.slice(2);
const file = openSync(join(directory, `${process.pid}.log`), 'a');
const { source, close } = await clientOf(
  kind,
  Number(port),
  (text) => void process.stderr.write(`${process.pid}: ${text}\n`),
);

const Ticks = defineChannel({
  process: (batch: readonly Tick[], { positions }) => {
    // A handler that computes: so long for each message.
    for (const until = performance.now() + Number(busyMs) * batch.length; performance.now() < until; );
    const fences = new Map(positions.map(({ partition, fence }) => [partition, fence]));
    const lines = batch.map(
      ({ key, n }) => `delivered ${fences.get(partitionOf(key, PARTITIONS))} ${JSON.stringify({ key, n })}\n`,
    );
    writeSync(file, lines.join(''));
  },
});
const router = createRouter({
  channels: { tick: Ticks },
  sources: { ticks: { source, dataType: 'tick' } },
  // Its sink refuses nothing, so there are none.
  deadLetters: { store: 'memory' },
});
await router.start();
runAsWorker(router, { close });
