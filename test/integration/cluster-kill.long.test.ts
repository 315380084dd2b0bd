import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Publisher } from '../../src/cluster/publisher.ts';
import { type BrokerRig, brokers, until } from '../support/broker-rigs.ts';
import { bundled } from '../support/bundled.ts';
import { ClusterWorker, mistakesInDeliveries } from '../support/cluster-workers.ts';

const PARTITIONS = 4;
const LEASE_MS = 1_500;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

interface Tick {
  readonly key: string;
  readonly n: number;
}
const layout = { channel: 'ticks', partitions: PARTITIONS };

const program = bundled('test/support/cluster-worker.ts');

/** Workers on a broker that somebody publishes to all the time. */
class BusyCluster {
  readonly workers: ClusterWorker[] = [];
  readonly #kind: string;
  readonly #broker: BrokerRig;
  readonly #publisher: Publisher<Tick>;
  readonly #counts = new Map<string, number>();
  #isPublishing = true;
  #publishing: Promise<void> = Promise.resolve();

  private constructor(kind: string, broker: BrokerRig) {
    this.#kind = kind;
    this.#broker = broker;
    this.#publisher = this.publisherOf(PARTITIONS);
  }

  /** Each worker has its share when it resolves. */
  static async start(kind: string, connect: () => Promise<BrokerRig>, workers: number): Promise<BusyCluster> {
    const cluster = new BusyCluster(kind, await connect());
    // The first frames make the streams, which workers would otherwise all make at once.
    await cluster.#publishSome();
    for (let count = 0; count < workers; count++) cluster.add();
    await until(() => cluster.workers.every(({ partitions }) => partitions.size > 0));
    await until(() => cluster.workers.reduce((sum, { partitions }) => sum + partitions.size, 0) === PARTITIONS);
    cluster.#publishing = cluster.#publish();
    await sleep(1_000);
    return cluster;
  }

  get messages(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  add(): ClusterWorker {
    const args = [this.#kind, this.#broker.server.port, layout.channel, PARTITIONS, LEASE_MS].map(String);
    const worker = new ClusterWorker(program.path, args);
    this.workers.push(worker);
    return worker;
  }

  /** The publisher of a process that was not deployed yet. */
  publisherOf(partitions: number): Publisher<Tick> {
    return this.#broker.publisher<Tick>({ ...layout, partitions }, ({ key }) => key);
  }

  /** What is wrong with all that was delivered, once everything was. */
  async finish(): Promise<readonly string[]> {
    this.#isPublishing = false;
    await this.#publishing;
    const mistakes = (): readonly string[] => mistakesInDeliveries(this.workers, this.#counts);
    await until(() => mistakes().length === 0).catch(() => {});
    for (const worker of this.workers) await worker.end('SIGTERM');
    await this.#publisher.close(1_000);
    await this.#broker.end();
    return mistakes();
  }

  async #publish(): Promise<void> {
    while (this.#isPublishing) await Promise.all([this.#publishSome(), sleep(20)]);
  }

  async #publishSome(): Promise<void> {
    const messages = Array.from({ length: 40 }, (_, index) => {
      const key = `k${index % 20}`;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
      return { key, n: this.#counts.get(key) ?? 0 };
    });
    await this.#publisher.publish(messages);
  }
}

/** Partition and takeovers of what a worker was handed after a moment. */
function assignedAfter({ lines }: ClusterWorker, from: number) {
  return lines
    .filter(({ at, text }) => at > from && text.startsWith('assigned'))
    .map(({ text }) => ({ partition: Number(text.split(' ')[1]), takeovers: Number(text.split(' ')[2]) }));
}

describe.concurrent.each(brokers)('worker processes on %s', (kind, missing, connect) => {
  it.skipIf(missing).sequential(
    'share the partitions; when one is killed, the other takes what it had, once, and skips nothing',
    async () => {
      const cluster = await BusyCluster.start(kind, connect, 2);
      const [killed, other] = cluster.workers as [ClusterWorker, ClusterWorker];
      const killedAt = performance.now();
      const orphans = [...killed.partitions];
      await killed.end('SIGKILL');
      await until(() => other.partitions.size === PARTITIONS);
      const handedOver = assignedAfter(other, killedAt);
      expect(handedOver.map(({ partition }) => partition).sort()).toEqual(orphans.sort());
      expect(handedOver.map(({ takeovers }) => takeovers)).toEqual([1, 1]);
      expect(cluster.messages).toBeGreaterThan(1_000);
      expect(await cluster.finish()).toEqual([]);
    },
  );

  it.skipIf(missing).sequential(
    'one that is paused in the middle of its work for longer than its lease commits nothing when it wakes, and breaks no order',
    async () => {
      const cluster = await BusyCluster.start(kind, connect, 2);
      const [paused, other] = cluster.workers as [ClusterWorker, ClusterWorker];
      const pausedAt = performance.now();
      paused.signal('SIGSTOP');
      await until(() => other.partitions.size === PARTITIONS);
      await sleep(LEASE_MS);
      const wokenAt = performance.now();
      paused.signal('SIGCONT');
      // It lost what it had, and gets its share anew, by a release and not by another take-over.
      await until(() => assignedAfter(paused, wokenAt).length > 0);
      expect(assignedAfter(other, pausedAt).map(({ takeovers }) => takeovers)).toEqual([1, 1]);
      expect(assignedAfter(paused, wokenAt).every(({ takeovers }) => takeovers === 0)).toBe(true);
      const alerts = paused.lines.flatMap(({ text }) =>
        text.startsWith('alert') ? [text.replaceAll(/\d/g, '#')] : [],
      );
      const [member, why] = [
        `(${hostname()}/##+|a member that has given it back since)`,
        'this process stood still for #.# s: it was paused, or a call',
      ];
      const told = new RegExp(`^alert partition # of ticks was lost to ${member}: ${why} blocked its event loop$`);
      expect(alerts).toEqual([expect.stringMatching(told), expect.stringMatching(told)]);
      expect(await cluster.finish()).toEqual([]);
    },
  );

  it.skipIf(missing).sequential(
    'that are all replaced, and killed before they have stopped, skip nothing, while a publisher with another number of partitions is refused',
    async () => {
      const cluster = await BusyCluster.start(kind, connect, 2);
      const beganAt = performance.now();
      for (const old of [...cluster.workers]) {
        cluster.add();
        old.signal('SIGTERM');
        await sleep(20);
        await old.end('SIGKILL');
      }
      await expect(cluster.publisherOf(PARTITIONS * 2).publish({ key: 'k1', n: 0 })).rejects.toThrow(/partition/);
      const running = cluster.workers.slice(2);
      const assigned = () =>
        new Set(running.flatMap((worker) => assignedAfter(worker, beganAt)).map(({ partition }) => partition));
      await until(() => assigned().size === PARTITIONS);
      expect(await cluster.finish()).toEqual([]);
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
