import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import type { Assigned } from '../../src/core/source-port.ts';
import { createNatsPublisher, natsSource } from '../../src/nats/index.ts';
import { runWorkers } from '../../src/workers/index.ts';
import { NatsServer } from '../support/nats-server.ts';
import { clientOf, type Tick } from './brokers.ts';
import { shareOfBareReader } from './reads.ts';

/** What the table of sizes in the guide to scaling says: several workers on handlers that compute, what commits cost, and reading. */
const KEYS = 200;
/** Steps of a handler for each message: about a millisecond. */
const BUSY = 200_000;
const MEASURED_MS = 10_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const rates = new Map<number, number>();
for (const workers of [1, 2]) rates.set(workers, await deliveredPerSecond(workers));
say(`two workers deliver ${((rates.get(2) ?? 0) / (rates.get(1) ?? 1)).toFixed(2)} times what one does`);
const [without, withCommits] = [await coreOf(64, Number.POSITIVE_INFINITY), await coreOf(64, 200)];
say(`64 partitions: ${percent(without)} of a core without commits, ${percent(withCommits)} with one every 200 ms`);
say(`commits take ${percent(withCommits - without)} of a core`);
for (const kind of ['nats', 'redis'] as const)
  for (const perFrame of [100, 1_000]) say(await shareOfBareReader(kind, perFrame));
process.exit();

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** How much workers deliver of what waits at the broker, with handlers that compute for about a millisecond a message. */
async function deliveredPerSecond(count: number): Promise<number> {
  const broker = await NatsServer.start();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-measure-'));
  const { publisher, close } = await clientOf('nats', broker.port, say);
  const ticks = Array.from(
    { length: 40_000 },
    (_, n): Tick => ({ key: `K${n % KEYS}`, n: 1 + Math.floor(n / KEYS), message: {} }),
  );
  for (let at = 0; at < ticks.length; at += 1_000) await publisher.publish(ticks.slice(at, at + 1_000));
  const workers = await runWorkers({
    module: new URL('worker.js', import.meta.url),
    workers: count,
    args: ['nats', String(broker.port), directory, String(BUSY)],
  });
  const delivered = async (): Promise<number> => {
    const text = await workers.metrics();
    return Number(/^sluice_messages_delivered_total\{[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  // Until every worker has its share.
  while ((await delivered()) < 1_000 * count) await sleep(100);
  await sleep(4_000);
  const [before, beganAt] = [await delivered(), performance.now()];
  await sleep(MEASURED_MS);
  const rate = ((await delivered()) - before) / ((performance.now() - beganAt) / 1_000);
  say(`${count} workers deliver ${Math.round(rate)} messages a second`);
  await workers.stop();
  await close();
  await broker.end();
  rmSync(directory, { recursive: true, force: true });
  return rate;
}

/** What a process takes of a core that publishes and reads ten messages a second in each partition. */
async function coreOf(partitions: number, commitMs: number): Promise<number> {
  const broker = await NatsServer.start();
  const connection = await connect({ servers: `127.0.0.1:${broker.port}` });
  const layout = { connection, channel: 'ticks', partitions, maxBytes: 16 * 1024 ** 2 };
  const publisher = createNatsPublisher<{ key: string }>({ ...layout, key: ({ key }) => key });
  const source = natsSource(layout);
  let isOver = false;
  let commits = 0;
  async function readAll(partition: Assigned): Promise<void> {
    for (let committedAt = performance.now(); !isOver; ) {
      const frames = await partition.read({ frames: 100, bytes: 1e6 }, partition.lost);
      const last = frames.at(-1)?.position;
      if (last === undefined || performance.now() - committedAt < commitMs) continue;
      committedAt = performance.now();
      commits += 1;
      await partition.commit(last, 1_000);
    }
  }
  await source.start({ assigned: (partition) => void readAll(partition), revoke: async () => {} });
  const keys = Array.from({ length: 2_000 }, (_, n) => ({ key: `K${n}` }));
  const pace = setInterval(() => void publisher.publish(keys.slice(0, 640)).catch(() => {}), 100);
  await sleep(5_000);
  const [before, beganAt] = [process.cpuUsage(), performance.now()];
  commits = 0;
  await sleep(MEASURED_MS);
  const { user, system } = process.cpuUsage(before);
  say(`${Math.round(commits / (MEASURED_MS / 1_000))} commits a second`);
  const share = (user + system) / 1_000 / (performance.now() - beganAt);
  clearInterval(pace);
  isOver = true;
  await source.close(2_000);
  await publisher.close(1_000);
  await connection.close();
  await broker.end();
  return share;
}
