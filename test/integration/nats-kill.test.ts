import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNatsPublisher } from '../../src/nats/index.ts';
import { bundleJournalChild, type JournalChild } from '../support/journal-child.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';
import { mistakesInDeliveries, NatsWorker } from '../support/nats-workers.ts';

const missing = whyWithoutNats();
const PARTITIONS = 4;
const LEASE_MS = 1_500;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

let server: NatsServer;
let program: JournalChild;
beforeAll(async () => {
  if (missing !== undefined) return;
  program = bundleJournalChild('test/support/nats-worker.ts');
  server = await NatsServer.start();
});
afterAll(async () => {
  program?.remove();
  await server?.end();
});

async function until(holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > endsAt) throw new Error('it did not come to pass within 30 s');
    await sleep(10);
  }
}

describe.skipIf(missing)('two worker processes', () => {
  it('share the partitions; when one is killed, the other has all within lease + 1.5 s, and skips nothing', async () => {
    const channel = 'ticks';
    const work = (): NatsWorker =>
      new NatsWorker(program.path, [String(server.port), channel, String(PARTITIONS), String(LEASE_MS)]);
    const publisher = createNatsPublisher<{ key: string; n: number }>({
      connection: await server.connect(),
      channel,
      partitions: PARTITIONS,
      key: ({ key }) => key,
    });
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
    const [killed, other] = workers as [NatsWorker, NatsWorker];
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
    process.stdout.write(`failover after kill -9 with a lease of ${LEASE_MS} ms: ${slowest.toFixed(0)} ms\n`);
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
  });
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
