import { appendFileSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRouter, defineChannel, type SourcePositions } from '../../src/index.ts';
import { partitionOf } from '../../src/nats/index.ts';
import { runAsWorker } from '../../src/workers/index.ts';
import { clientOf, PARTITIONS, type Tick, WINDOW_FRAMES } from './brokers.ts';

/** A worker of the campaign: its sink is a file, which refuses some messages and is down while another file is there. */
const [kind = '', port = '', directory = ''] = process.argv.slice(2);
const file = openSync(join(directory, `${process.pid}.log`), 'a');
const outage = join(directory, 'sink-is-down');
const { source, letters, close } = await clientOf(kind, Number(port), (text) => {
  appendFileSync(join(directory, 'alerts'), `${process.pid} ${text}\n`);
});

/** `time partition fence lowest highest from-to,from-to` for each stay of a partition that the batch is of. */
function linesOf(batch: readonly Tick[], positions: readonly SourcePositions[]): string {
  const at = (performance.timeOrigin + performance.now()).toFixed(0);
  const byPartition = new Map<number, Tick[]>();
  for (const tick of batch) {
    const partition = partitionOf(tick.key, PARTITIONS);
    const ticks = byPartition.get(partition);
    if (ticks === undefined) byPartition.set(partition, [tick]);
    else ticks.push(tick);
  }
  return [...byPartition]
    .map(([partition, ticks]) => {
      // A batch that has messages of two stays has those of the former one first, and the later one begins anew.
      const stays = positions.filter((each) => each.partition === partition).sort((a, b) => a.fence - b.fence);
      let stay = 0;
      let runs: [number, number][] = [];
      const lines: string[] = [];
      const end = (): void => {
        const { fence = 0, lowest = 0, highest = 0 } = stays[stay] ?? {};
        lines.push(`${at} ${partition} ${fence} ${lowest} ${highest} ${runs.map((run) => run.join('-')).join(',')}\n`);
      };
      for (const { s = 0 } of ticks) {
        const run = runs.at(-1);
        if (run !== undefined && s === run[1] + 1) run[1] = s;
        else if (run !== undefined && s <= run[1] && stay + 1 < stays.length) {
          end();
          stay += 1;
          runs = [[s, s]];
        } else runs.push([s, s]);
      }
      end();
      return lines.join('');
    })
    .join('');
}

const Ticks = defineChannel({
  process: (batch: readonly Tick[], { positions }) => {
    if (existsSync(outage)) throw new Error('the sink is down');
    if (batch.some(({ bad }) => bad)) throw Object.assign(new Error('a bad message'), { retryable: false });
    writeSync(file, linesOf(batch, positions));
  },
});
const router = createRouter({
  channels: { tick: Ticks },
  sources: { ticks: { source, dataType: 'tick', window: { frames: WINDOW_FRAMES } } },
  deadLetters: { store: letters },
});
await router.start();
runAsWorker(router, { close, deadlineMs: 5_000 });
