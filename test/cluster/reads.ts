import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Redis } from 'ioredis';
import type { ClusterSource } from '../../src/cluster/cluster-source.ts';
import { encodeFrame } from '../../src/cluster/frame.ts';
import type { Assigned } from '../../src/core/source-port.ts';
import { createRouter, defineChannel } from '../../src/index.ts';
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
/** Writes or reads so many messages, and resolves with how many a second. */
type Run = () => Promise<number>;

function tickOf(n: number) {
  const at = 1_700_000_000_000 + n;
  return { ev: 'T', sym: `S${n % 100}`, p: 100 + (n % 997) / 100, s: n % 500, t: at, x: 4, c: [12, 37] };
}

/** What a publisher writes, a source reads and a router delivers a second against a bare client with the same frames, in turns: the medians. */
export async function sharesOfBareClient(kind: BrokerKind, perFrame: number): Promise<string> {
  const { end, ...runs } = await (kind === 'nats' ? onNats(perFrame) : onRedis(perFrame));
  const rates = new Map<string, number[]>();
  for (let turn = 0; turn < TURNS; turn++)
    for (const [name, run] of Object.entries(runs)) rates.set(name, [...(rates.get(name) ?? []), await run()]);
  await end();
  const rateOf = (name: string): number => rates.get(name)?.toSorted((a, b) => a - b)[TURNS >> 1] ?? 0;
  const share = (name: string, bare: string): string =>
    `  ${name} ${Math.round(rateOf(name))} messages a second, ${(rateOf(name) / rateOf(bare)).toFixed(2)} of a ${bare}`;
  const shares = [share('publisher', 'bareWriter'), share('source', 'bareReader'), share('router', 'bareReader')];
  return [`${kind}, frames of ${perFrame}`, ...shares].join('\n');
}

/** Of so many messages since then. */
function rateSince(beganAt: number, messages = MESSAGES): number {
  return messages / ((performance.now() - beganAt) / 1_000);
}

function textAfterHead({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset + HEAD_BYTES, byteLength - HEAD_BYTES).toString();
}

function textsOf(ticks: readonly Tick[]): readonly string[] {
  return ticks.map((tick) => JSON.stringify(tick));
}

/** Whole frames, one after the other. */
function writerOf(perFrame: number, publish: (ticks: Tick[]) => Promise<unknown>): Run {
  return async () => {
    const beganAt = performance.now();
    for (let at = 0; at < MESSAGES; at += perFrame)
      await publish(Array.from({ length: perFrame }, (_, index) => tickOf(at + index)));
    return rateSince(beganAt);
  };
}

/** From the checkpoint on; nothing is committed. */
function readerOf(make: () => ClusterSource): Run {
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

/** Reads the source in batches of up to a thousand. */
export function routerTo<Message>(process: (batch: readonly Message[]) => void, source: ClusterSource) {
  return createRouter({
    channels: { tick: defineChannel({ process }) },
    config: { channels: { tick: { batchSize: 1_000 } } },
    sources: { ticks: { source, dataType: 'tick' } },
    deadLetters: { store: 'memory' },
  });
}

/** From the checkpoint on to `process`, with commits; the clock runs from its first call. */
function routerOn(make: () => ClusterSource): Run {
  return async () => {
    let [count, first, beganAt] = [0, 0, 0];
    let isOver = (): void => {};
    const over = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    const process = ({ length }: readonly unknown[]): void => {
      if (count === 0) [first, beganAt] = [length, performance.now()];
      count += length;
      if (count >= MESSAGES) isOver();
    };
    const router = routerTo(process, make());
    await router.start();
    await over;
    const rate = rateSince(beganAt, count - first);
    await router.stop({ deadlineMs: 500 });
    return rate;
  };
}

async function onNats(perFrame: number) {
  const server = await NatsServer.start();
  const connection = await server.connect();
  const layout = { connection, channel: 'reads', partitions: 1 };
  const publisher = createNatsPublisher<Tick>({ ...layout, key: () => '', lingerMs: 0 });
  const client = jetstream(connection);
  await (await jetstreamManager(connection)).streams.add({ name: 'bare', subjects: ['bare'] });
  let sent = 0;
  const make = (): ClusterSource => natsSource({ ...layout, trimEveryMs: Infinity });
  return {
    publisher: writerOf(perFrame, (ticks) => publisher.publish(ticks)),
    bareWriter: writerOf(perFrame, (ticks) =>
      client.publish('bare', encodeFrame(textsOf(ticks), 1), {
        msgID: `bare:${sent++}`,
        expect: { streamName: 'bare' },
      }),
    ),
    async bareReader() {
      const consumer = await client.consumers.get('SLUICE-reads-0');
      let count = 0;
      const beganAt = performance.now();
      for await (const { data } of await consumer.consume({ max_messages: 512 })) {
        count += JSON.parse(textAfterHead(data)).length;
        if (count >= MESSAGES) break;
      }
      return rateSince(beganAt);
    },
    source: readerOf(make),
    router: routerOn(make),
    end: () => server.end(),
  };
}

async function onRedis(perFrame: number) {
  const server = await RedisServer.start('--appendfsync', 'no');
  const { send, close } = ioredisTo(server.port);
  const layout = { send, channel: 'reads', partitions: 1 };
  const publisher = createRedisPublisher<Tick>({ ...layout, key: () => '', lingerMs: 0, maxBytes: 1024 ** 3 });
  const redis = new Redis(server.port, '127.0.0.1');
  const stream = new RedisKeys('reads').stream(0);
  const make = (): ClusterSource => redisSource({ ...layout, trimEveryMs: Infinity });
  return {
    publisher: writerOf(perFrame, (ticks) => publisher.publish(ticks)),
    bareWriter: writerOf(perFrame, (ticks) => redis.xadd('bare', '*', 'frame', encodeFrame(textsOf(ticks), 1))),
    async bareReader() {
      let count = 0;
      const beganAt = performance.now();
      for (let from = '-'; count < MESSAGES; ) {
        for (const [id, fields] of await redis.xrange(stream, from, '+', 'COUNT', 20_000 / perFrame)) {
          count += JSON.parse(fields[7]?.slice(2 * HEAD_BYTES) ?? '').length;
          from = `(${id}`;
        }
      }
      return rateSince(beganAt);
    },
    source: readerOf(make),
    router: routerOn(make),
    async end() {
      redis.disconnect();
      close();
      await server.end();
    },
  };
}
