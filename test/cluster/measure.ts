import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { Argument } from 'commander';
import type { Assigned } from '../../src/core/source-port.ts';
import { createNatsPublisher, natsSource } from '../../src/nats/index.ts';
import { runWorkers } from '../../src/workers/index.ts';
import { npmCommand } from '../support/command-line.ts';
import { NatsServer } from '../support/nats-server.ts';
import { type BrokerKind, clientOf, deliveredBy, startBroker, type Tick } from './brokers.ts';
import { routerTo, sharesOfBareClient, write } from './reads.ts';

const KEYS = 200;
/** Steps of a handler for each message: about a millisecond. */
const BUSY = 200_000;
const MEASURED_MS = 10_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const parts: Readonly<Record<string, () => Promise<void>>> = {
  async workers() {
    const [one, two] = [await deliveredPerSecond(1), await deliveredPerSecond(2)];
    say(`two workers deliver ${(two / one).toFixed(2)} times what one does`);
  },
  async commits() {
    for (const partitions of [16, 256])
      say(`${partitions} partitions: ${percent(await coreOf(partitions, 200))} of a core with a commit every 200 ms`);
    const [without, withCommits] = [await coreOf(64, Number.POSITIVE_INFINITY), await coreOf(64, 200)];
    say(`64 partitions: ${percent(without)} of a core without commits, ${percent(withCommits)} with one every 200 ms`);
    say(`commits take ${percent(withCommits - without)} of a core`);
  },
  async client() {
    for (const kind of ['nats', 'redis'] as const)
      for (const perFrame of [100, 1_000]) say(await sharesOfBareClient(kind, perFrame));
  },
  async lateness() {
    for (const kind of ['nats', 'redis'] as const) say(await lateness(kind, 100_000));
  },
};
if (process.argv[2] === 'write') {
  await write(process.argv.slice(3));
  process.exit();
}
const all = Object.keys(parts);
const [named] = npmCommand(
  'measure:cluster',
  `Measures what the table of sizes in docs/guides/scaling.md says: two workers
against one, what commits cost, a bare client beside ours, and lateness. It needs
nats-server and redis-server, and a machine that is idle otherwise.`,
  'commits lateness',
)
  .addArgument(new Argument('[parts...]', 'what to measure').choices(all).default(all, 'all'))
  .parse().processedArgs;
for (const [name, measure] of Object.entries(parts)) if (named.includes(name)) await measure();
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
  // Until every worker has its share.
  while ((await deliveredBy(workers)) < 1_000 * count) await sleep(100);
  await sleep(4_000);
  const [before, beganAt] = [await deliveredBy(workers), performance.now()];
  await sleep(MEASURED_MS);
  const rate = ((await deliveredBy(workers)) - before) / ((performance.now() - beganAt) / 1_000);
  say(`${count} workers deliver ${Math.round(rate)} messages a second`);
  await workers.stop();
  await close();
  await broker.end();
  rmSync(directory, { recursive: true, force: true });
  return rate;
}

/** What a process takes of a core that publishes and reads ten frames a second in each partition, 6,400 messages in all. */
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

/** How long it takes from `publish` to `process` at so many messages a second: publisher, router and broker beside each other. */
async function lateness(kind: BrokerKind, rate: number): Promise<string> {
  const broker = await startBroker(kind);
  const { publisher, source, close } = await clientOf(kind, broker.port, say);
  const late: number[] = [];
  // The first messages wait until the streams are checked.
  let countsFrom = Number.POSITIVE_INFINITY;
  const process = (batch: readonly Tick[]): void => {
    const now = performance.now();
    for (const { n } of batch) if (n > countsFrom) late.push(now - n);
  };
  const router = routerTo(process, source);
  await router.start();
  countsFrom = performance.now() + 2_000;
  for (let [sent, beganAt] = [0, performance.now()]; performance.now() - beganAt < MEASURED_MS; await sleep(5)) {
    const n = performance.now();
    const ticks: Tick[] = [];
    for (; sent < ((n - beganAt) * rate) / 1_000; sent++) ticks.push({ key: `K${sent % KEYS}`, n, message: {} });
    void publisher.publish(ticks).catch((error: Error) => say(error.message));
  }
  await publisher.close(5_000);
  await router.stop({ deadlineMs: 5_000 });
  await close();
  await broker.end();
  const at = (share: number): string => (late.sort((a, b) => a - b)[Math.floor(late.length * share)] ?? 0).toFixed(1);
  return `${kind}, ${Math.round(late.length / (MEASURED_MS / 1_000 - 2))} messages a second: from publish to process p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
