import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRouter, defineChannel } from '../../src/index.ts';
import { partitionOf } from '../../src/nats/index.ts';
import { runAsWorker } from '../../src/workers/index.ts';
import { clientOf, PARTITIONS, type Tick } from './brokers.ts';

/** A worker process: its sink is a file, to which it appends what it delivers, and by which fence. */
const [kind = '', port = '', directory = '', busy = '0'] = process.argv.slice(2);
const file = openSync(join(directory, `${process.pid}.log`), 'a');
const { source, close } = await clientOf(
  kind,
  Number(port),
  (text) => void process.stderr.write(`${process.pid}: ${text}\n`),
);

/** A handler that computes: so many steps for each message. */
let state = 1;
const Ticks = defineChannel({
  process: (batch: readonly Tick[], { positions }) => {
    for (let n = 0; n < Number(busy) * batch.length; n += 1) state = Math.imul(state ^ n, 0x85ebca6b);
    const fences = new Map(positions.map(({ partition, fence }) => [partition, fence]));
    const lines = batch.map(
      ({ key, n }) => `delivered ${fences.get(partitionOf(key, PARTITIONS))} ${JSON.stringify({ key, n })}\n`,
    );
    writeSync(file, lines.join(''));
  },
});
const router = createRouter({
  channels: { tick: Ticks },
  // Computing keeps the event loop, in which leases are renewed: so calls are short, and take turns.
  ...(Number(busy) > 0 && { config: { channels: { tick: { batchSize: 5, priority: 2 } } } }),
  sources: { ticks: { source, dataType: 'tick' } },
  // Its sink refuses nothing, so there are none.
  deadLetters: { store: 'memory' },
});
await router.start();
runAsWorker(router, { close });
