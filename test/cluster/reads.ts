import { jetstream } from '@nats-io/jetstream';
import { Redis } from 'ioredis';
import type { ClusterSource } from '../../src/cluster/cluster-source.ts';
import type { Assigned } from '../../src/core/source-port.ts';
import { createNatsPublisher, natsSource } from '../../src/nats/index.ts';
import { createRedisPublisher, redisSource } from '../../src/redis/index.ts';
import { RedisKeys } from '../../src/redis/redis-keys.ts';
import { NatsServer } from '../support/nats-server.ts';
import { ioredisTo, RedisServer } from '../support/redis-server.ts';
import type { BrokerKind } from './brokers.ts';

const MESSAGES = 300_000;
const TURNS = 5;
/** Of a frame: a bare reader parses what comes after it. */
const HEAD_BYTES = 12;

type Tick = ReturnType<typeof tickOf>;
/** Reads everything once, and resolves with how many messages it read a second. */
type Reader = () => Promise<number>;

function tickOf(n: number) {
  const at = 1_700_000_000_000 + n;
  return { ev: 'T', sym: `S${n % 100}`, p: 100 + (n % 997) / 100, s: n % 500, t: at, x: 4, c: [12, 37] };
}

/** What a source reads a second against a bare client that parses the same frames, in turns: the medians. */
export async function shareOfBareReader(kind: BrokerKind, perFrame: number): Promise<string> {
  const { bare, ours, end } = await (kind === 'nats' ? onNats(perFrame) : onRedis(perFrame));
  const rates = { bare: [] as number[], ours: [] as number[] };
  for (let turn = 0; turn < TURNS; turn++)
    for (const [name, reader] of [['bare', bare] as const, ['ours', ours] as const]) rates[name].push(await reader());
  await end();
  const [ofBare, ofOurs] = [median(rates.bare), median(rates.ours)];
  return `${kind}, frames of ${perFrame}: ${Math.round(ofOurs)} messages a second, ${(ofOurs / ofBare).toFixed(2)} of a bare reader`;
}

/** Of a read of everything that began so long ago. */
function rateSince(beganAt: number): number {
  return MESSAGES / ((performance.now() - beganAt) / 1_000);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

function textAfterHead({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset + HEAD_BYTES, byteLength - HEAD_BYTES).toString();
}

/** Publishes whole frames. */
async function fill(publish: (ticks: Tick[]) => Promise<void>, perFrame: number): Promise<void> {
  for (let at = 0; at < MESSAGES; at += perFrame)
    await publish(Array.from({ length: perFrame }, (_, index) => tickOf(at + index)));
}

/** Nothing is committed, so each turn reads from the beginning. */
function readerOf(make: () => ClusterSource): Reader {
  return async () => {
    const source = make();
    const assigned = await new Promise<Assigned>((resolve) => {
      void source.start({ assigned: resolve, revoke: async () => {} });
    });
    let count = 0;
    const { signal } = new AbortController();
    const beganAt = performance.now();
    while (count < MESSAGES)
      for (const frame of await assigned.read({ frames: 1_000, bytes: 64 * 1024 ** 2 }, signal))
        count += frame.messages().length;
    const rate = rateSince(beganAt);
    await source.close(1_000);
    return rate;
  };
}

async function onNats(perFrame: number) {
  const server = await NatsServer.start();
  const connection = await server.connect();
  const layout = { connection, channel: 'reads', partitions: 1 };
  const publisher = createNatsPublisher<Tick>({ ...layout, key: () => '', lingerMs: 0 });
  await fill((ticks) => publisher.publish(ticks), perFrame);
  const bare: Reader = async () => {
    const consumer = await jetstream(connection).consumers.get('SLUICE-reads-0');
    let count = 0;
    const beganAt = performance.now();
    for await (const { data } of await consumer.consume({ max_messages: 512 })) {
      count += JSON.parse(textAfterHead(data)).length;
      if (count >= MESSAGES) break;
    }
    return rateSince(beganAt);
  };
  return { bare, ours: readerOf(() => natsSource({ ...layout, trimEveryMs: Infinity })), end: () => server.end() };
}

async function onRedis(perFrame: number) {
  const server = await RedisServer.start('--appendfsync', 'no');
  const { send, close } = ioredisTo(server.port);
  const layout = { send, channel: 'reads', partitions: 1 };
  const publisher = createRedisPublisher<Tick>({ ...layout, key: () => '', lingerMs: 0 });
  const redis = new Redis(server.port, '127.0.0.1');
  await fill((ticks) => publisher.publish(ticks), perFrame);
  const stream = new RedisKeys('reads').stream(0);
  const bare: Reader = async () => {
    let count = 0;
    const beganAt = performance.now();
    for (let from = '-'; count < MESSAGES; ) {
      for (const [id, fields] of await redis.xrange(stream, from, '+', 'COUNT', 256)) {
        count += JSON.parse(fields[7]?.slice(2 * HEAD_BYTES) ?? '').length;
        from = `(${id}`;
      }
    }
    return rateSince(beganAt);
  };
  const end = async (): Promise<void> => {
    redis.disconnect();
    close();
    await server.end();
  };
  return { bare, ours: readerOf(() => redisSource({ ...layout, trimEveryMs: Infinity })), end };
}
