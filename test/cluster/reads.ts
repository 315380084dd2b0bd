import { fork } from 'node:child_process';
import { once } from 'node:events';
import { DeliverPolicy, jetstream, jetstreamManager, type OrderedConsumerOptions } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import type { ClusterSource } from '../../src/cluster/cluster-source.ts';
import { encodeFrame } from '../../src/cluster/frame.ts';
import { createRouter, defineChannel } from '../../src/index.ts';
import { createNatsPublisher, natsSource } from '../../src/nats/index.ts';
import { createRedisPublisher, redisSource } from '../../src/redis/index.ts';
import { NatsServer } from '../support/nats-server.ts';
import { ioredisTo, RedisServer, streamOf } from '../support/redis-server.ts';
import type { BrokerKind } from './brokers.ts';

const MESSAGES = 300_000;
const TURNS = 6;
/** Of a frame: a bare reader parses what comes after it. */
const HEAD_BYTES = 12;
/** Frames that a process has on their way that writes as fast as it can. */
const WRITERS = 4;

type Tick = ReturnType<typeof tickOf>;
/** Writes or reads so many messages, and resolves with how many a second. */
type Run = () => Promise<number>;

function tickOf(n: number) {
  const at = 1_700_000_000_000 + n;
  return { ev: 'T', sym: `S${n % 100}`, p: 100 + (n % 997) / 100, s: n % 500, t: at, x: 4, c: [12, 37] };
}

/**
 * What a publisher writes and a router delivers a second against a bare client with the same frames, in turns: the medians.
 * *backlog*: of what waits at the broker; *flow*: of what another process writes meanwhile.
 */
export async function sharesOfBareClient(kind: BrokerKind, perFrame: number): Promise<string> {
  const { end, ...runs } = await (kind === 'nats' ? onNats(perFrame) : onRedis(perFrame));
  const rates = new Map<string, number[]>();
  for (let turn = 0; turn < TURNS; turn++)
    // Who comes first has the broker while it still tidies up after the run before.
    for (const name of ['publisher', 'backlog', 'flow'] as const)
      for (const each of turn % 2 === 0 ? ([name, `${name}, bare`] as const) : ([`${name}, bare`, name] as const))
        rates.set(each, [...(rates.get(each) ?? []), await runs[each]()]);
  await end();
  const rateOf = (name: string): number => rates.get(name)?.toSorted((a, b) => a - b)[TURNS >> 1] ?? 0;
  const share = (name: string): string =>
    `  ${name} ${Math.round(rateOf(name))} messages a second, ${(rateOf(name) / rateOf(`${name}, bare`)).toFixed(2)} of a bare client`;
  return [`${kind}, frames of ${perFrame}`, ...['publisher', 'backlog', 'flow'].map(share)].join('\n');
}

/** The clock runs from the first messages, which do not count. */
class Meter {
  #count = 0;
  #first = 0;
  #beganAt = 0;

  /** True: all are there. */
  add(messages: number): boolean {
    if (this.#count === 0) [this.#first, this.#beganAt] = [messages, performance.now()];
    this.#count += messages;
    return this.#count >= MESSAGES;
  }

  /** Messages a second. */
  get rate(): number {
    return (this.#count - this.#first) / ((performance.now() - this.#beganAt) / 1_000);
  }
}

function textsOf(ticks: readonly Tick[]): readonly string[] {
  return ticks.map((tick) => JSON.stringify(tick));
}

/** Whole frames, one after the other. */
function writerOf(perFrame: number, publish: (ticks: Tick[]) => Promise<unknown>, messages = MESSAGES): Run {
  return async () => {
    const meter = new Meter();
    for (let at = 0; at < messages; at += perFrame) {
      await publish(Array.from({ length: perFrame }, (_, index) => tickOf(at + index)));
      meter.add(perFrame);
    }
    return meter.rate;
  };
}

/** While another process writes into the channel as fast as it can: it, the broker and the reader share the cores. */
function besideWriter(kind: BrokerKind, port: number, channel: string, perFrame: number, read: Run): Run {
  return async () => {
    const rate = read();
    await once(fork(process.argv[1] ?? '', ['write', kind, String(port), channel, String(perFrame)]), 'exit');
    return rate;
  };
}

/** What that process does. */
export async function write([kind, port, channel = '', perFrame]: readonly string[]): Promise<void> {
  const layout = { channel, partitions: 1, key: () => '', lingerMs: 0 };
  const publisher =
    kind === 'nats'
      ? createNatsPublisher<Tick>({ ...layout, connection: await connect({ servers: `127.0.0.1:${port}` }) })
      : createRedisPublisher<Tick>({ ...layout, send: ioredisTo(Number(port)).send, maxBytes: 1024 ** 3 });
  const run = writerOf(Number(perFrame), (ticks) => publisher.publish(ticks), MESSAGES / WRITERS);
  await Promise.all(Array.from({ length: WRITERS }, run));
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

/** From the checkpoint on to `process`, with commits. */
function routerOn(make: () => ClusterSource): Run {
  return async () => {
    const meter = new Meter();
    const over = new AbortController();
    const router = routerTo((batch) => {
      if (meter.add(batch.length)) over.abort();
    }, make());
    await Promise.all([once(over.signal, 'abort'), router.start()]);
    const { rate } = meter;
    await router.stop({ deadlineMs: 500 });
    return rate;
  };
}

async function onNats(perFrame: number) {
  const server = await NatsServer.start();
  const connection = await server.connect();
  const publisherOf = (channel: string) =>
    createNatsPublisher<Tick>({ connection, channel, partitions: 1, key: () => '', lingerMs: 0 });
  const publisher = publisherOf('backlog');
  for (const channel of ['flow', 'bare-flow']) await publisherOf(channel).publish([]);
  const client = jetstream(connection);
  await (await jetstreamManager(connection)).streams.add({ name: 'bare', subjects: ['bare'] });
  let sent = 0;
  const append = (ticks: readonly Tick[]) =>
    client.publish('bare', encodeFrame(textsOf(ticks), 1), { msgID: `bare:${sent++}`, expect: { streamName: 'bare' } });
  const router = (channel: string): Run =>
    routerOn(() => natsSource({ connection, channel, partitions: 1, trimEveryMs: Infinity }));
  const bare = (channel: string, options?: Partial<OrderedConsumerOptions>): Run => {
    return async () => {
      const meter = new Meter();
      const consumer = await client.consumers.get(`SLUICE-${channel}-0`, options);
      for await (const { data } of await consumer.consume({ max_messages: 512 })) {
        const { buffer, byteOffset, byteLength } = data;
        const text = Buffer.from(buffer, byteOffset + HEAD_BYTES, byteLength - HEAD_BYTES).toString();
        if (meter.add(JSON.parse(text).length)) break;
      }
      return meter.rate;
    };
  };
  const beside = (channel: string, run: Run): Run => besideWriter('nats', server.port, channel, perFrame, run);
  return {
    publisher: writerOf(perFrame, (ticks) => publisher.publish(ticks)),
    'publisher, bare': writerOf(perFrame, append),
    backlog: router('backlog'),
    'backlog, bare': bare('backlog'),
    flow: beside('flow', router('flow')),
    'flow, bare': beside('bare-flow', bare('bare-flow', { deliver_policy: DeliverPolicy.New })),
    end: () => server.end(),
  };
}

async function onRedis(perFrame: number) {
  const server = await RedisServer.start('--appendfsync', 'no');
  const { send, close } = ioredisTo(server.port);
  const layout = { partitions: 1, key: () => '', lingerMs: 0, maxBytes: 1024 ** 3 };
  const publisherOf = (channel: string) => createRedisPublisher<Tick>({ send, channel, ...layout });
  const publisher = publisherOf('backlog');
  await publisherOf('bare-flow').publish([]);
  const redis = new Redis(server.port, '127.0.0.1');
  const router = (channel: string): Run =>
    routerOn(() => redisSource({ send, channel, partitions: 1, trimEveryMs: Infinity }));
  /** `from`: goes on in each turn where the last one ended. */
  const bare = (channel: string, isFlow: boolean): Run => {
    let from = '0';
    return async () => {
      const stream = await streamOf(send, channel);
      const meter = new Meter();
      if (!isFlow) from = '0';
      for (;;) {
        const answer = await redis.xread('COUNT', 20_000 / perFrame, 'BLOCK', 1_000, 'STREAMS', stream, from);
        for (const [id, fields] of answer?.[0]?.[1] ?? []) {
          from = id;
          if (meter.add(JSON.parse(fields[3] ?? '').length)) return meter.rate;
        }
      }
    };
  };
  const beside = (channel: string, run: Run): Run => besideWriter('redis', server.port, channel, perFrame, run);
  return {
    publisher: writerOf(perFrame, (ticks) => publisher.publish(ticks)),
    'publisher, bare': writerOf(perFrame, (ticks) => redis.xadd('bare', '*', 'frame', encodeFrame(textsOf(ticks), 1))),
    backlog: router('backlog'),
    'backlog, bare': bare('backlog', false),
    flow: beside('flow', router('flow')),
    'flow, bare': beside('bare-flow', bare('bare-flow', true)),
    async end() {
      redis.disconnect();
      close();
      await server.end();
    },
  };
}
