import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Publisher } from '../../src/cluster/publisher.ts';
import { createNatsPublisher } from '../../src/nats/index.ts';
import { createRedisPublisher } from '../../src/redis/index.ts';
import { type Bundle, bundle } from '../support/bundle.ts';
import { ClusterWorker, mistakesInDeliveries } from '../support/cluster-workers.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';
import { ioredisTo, RedisServer, whyWithoutRedis } from '../support/redis-server.ts';

const PARTITIONS = 4;
const LEASE_MS = 1_500;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

interface Tick {
  readonly key: string;
  readonly n: number;
}
interface Broker {
  readonly port: number;
  readonly publisher: Publisher<Tick>;
  end(): Promise<void>;
}
const layout = { channel: 'ticks', partitions: PARTITIONS, key: ({ key }: Tick) => key };
async function onNats(): Promise<Broker> {
  const server = await NatsServer.start();
  const publisher = createNatsPublisher<Tick>({ connection: await server.connect(), ...layout });
  return { port: server.port, publisher, end: () => server.end() };
}
async function onRedis(): Promise<Broker> {
  const server = await RedisServer.start();
  const { send, close } = ioredisTo(server.port);
  const end = (): Promise<void> => {
    close();
    return server.end();
  };
  return { port: server.port, publisher: createRedisPublisher<Tick>({ send, ...layout }), end };
}

let program: Bundle;
beforeAll(() => {
  program = bundle('test/support/cluster-worker.ts');
});
afterAll(() => program?.remove());

async function until(holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > endsAt) throw new Error('it did not come to pass within 30 s');
    await sleep(10);
  }
}

describe.each([
  ['nats', whyWithoutNats(), onNats],
  ['redis', whyWithoutRedis(), onRedis],
] as const)('two worker processes on %s', (kind, missing, connect) => {
  it.skipIf(missing)(
    'share the partitions; when one is killed, the other has all within lease + 1.5 s, and skips nothing',
    async () => {
      const broker = await connect();
      const { publisher } = broker;
      const work = (): ClusterWorker =>
        new ClusterWorker(program.path, [kind, broker.port, layout.channel, PARTITIONS, LEASE_MS].map(String));
      const counts = new Map<string, number>();
      const publishSome = async (): Promise<void> => {
        const messages = Array.from({ length: 40 }, (_, index) => {
          const key = `k${index % 20}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
          return { key, n: counts.get(key) ?? 0 };
        });
        await publisher.publish(messages);
      };
      await publishSome();
      const workers = [work(), work()];
      const [killed, other] = workers as [ClusterWorker, ClusterWorker];
      await until(() => workers.every(({ partitions }) => partitions.size === PARTITIONS / 2));
      let isPublishing = true;
      const publishing = (async () => {
        while (isPublishing) await Promise.all([publishSome(), sleep(20)]);
      })();
      await sleep(1_000);
      const killedAt = performance.now();
      const orphans = killed.partitions;
      await killed.end('SIGKILL');
      await until(() => other.partitions.size === PARTITIONS);
      const handedOver = other.lines.filter(({ at, text }) => at > killedAt && text.startsWith('assigned'));
      expect(handedOver.map(({ text }) => Number(text.split(' ')[1])).sort()).toEqual([...orphans].sort());
      expect(handedOver.map(({ text }) => text.split(' ')[2])).toEqual(['1', '1']);
      const slowest = Math.max(...handedOver.map(({ at }) => at - killedAt));
      process.stdout.write(
        `failover on ${kind} after kill -9 with a lease of ${LEASE_MS} ms: ${slowest.toFixed(0)} ms\n`,
      );
      // What the machine itself loses under load is not the lease's.
      expect(slowest).toBeLessThanOrEqual(LEASE_MS + 1_500);
      isPublishing = false;
      await publishing;
      const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
      await until(() => mistakesInDeliveries(workers, counts).length === 0).catch(() => {});
      expect(mistakesInDeliveries(workers, counts)).toEqual([]);
      expect(all).toBeGreaterThan(1_000);
      await other.end('SIGTERM');
      await publisher.close(1_000);
      await broker.end();
    },
  );
});

it.each([
  ['a message that nobody had', ['delivered 1 {"key":"a","n":1}'], 'a: 1 of 3 were delivered'],
  ['a hole', ['delivered 1 {"key":"a","n":1}', 'delivered 1 {"key":"a","n":3}'], 'a: 3 came after 1 (fence 1 after 1)'],
  [
    'a hole after a failover',
    ['delivered 1 {"key":"a","n":1}', 'delivered 2 {"key":"a","n":3}'],
    'a: 3 came after 1 (fence 2 after 1)',
  ],
  ['a gap', ['gap 4 5'], 'gap 4 5'],
])('the check of deliveries finds %s', (_, texts, mistake) => {
  const worker = { lines: texts.map((text) => ({ at: 0, text })) };
  expect(mistakesInDeliveries([worker], new Map([['a', 3]]))).toContain(mistake);
});
