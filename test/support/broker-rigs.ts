import { setTimeout as sleep } from 'node:timers/promises';
import { Kvm } from '@nats-io/kv';
import type { Assigned, Frame, SourceOwner } from '../../src/core/source-port.ts';
import type { LetterStore } from '../../src/index.ts';
import { type ClusterSource, createNatsPublisher, natsLetters, natsSource } from '../../src/nats/index.ts';
import { createRedisPublisher, redisLetters, redisSource } from '../../src/redis/index.ts';
import { NatsServer, whyWithoutNats } from './nats-server.ts';
import { ioredisTo, RedisServer, streamOf, whyWithoutRedis } from './redis-server.ts';

/** What both kinds of publishers and sources take. */
interface Layout {
  readonly channel: string;
  readonly partitions: number;
  readonly maxBytes?: number;
}

interface SourceLayout extends Layout {
  readonly leaseMs?: number;
  readonly trimEveryMs?: number;
  readonly onAlert?: (alert: { readonly text: string }) => void;
}

/** A server, and what its clients make of it. */
export interface BrokerRig {
  readonly server: NatsServer | RedisServer;
  source(layout: SourceLayout): ClusterSource;
  publisher<Message>(
    layout: Layout,
    key?: (message: Message) => string,
  ): ReturnType<typeof createNatsPublisher<Message>>;
  letters(channel: string, maxLetters?: number): LetterStore;
  /** Another program writes into partition 0; returns the bytes of the frame that is read of it. */
  writeForeign(channel: string): Promise<string>;
  /** Another program overwrites a cell of the members with a string, or removes it. */
  overwrite(channel: string, cell: string, text?: string): Promise<void>;
  end(): Promise<void>;
}

async function natsRig(): Promise<BrokerRig> {
  const server = await NatsServer.start();
  const connection = await server.connect();
  return {
    server,
    source: (layout) => natsSource({ connection, ...layout }),
    publisher: (layout, key = () => '') => createNatsPublisher({ connection, key, ...layout }),
    letters: (channel, maxLetters = 100) => natsLetters({ connection, channel, maxLetters }),
    async writeForeign(channel) {
      await connection.request(`sluice.${channel}.0`, 'hello');
      return 'hello';
    },
    async overwrite(channel, cell, text) {
      const bucket = await new Kvm(connection).open(`SLUICE-${channel}`);
      await (text === undefined ? bucket.delete(cell) : bucket.put(cell, text));
    },
    end: () => server.end(),
  };
}

async function redisRig(): Promise<BrokerRig> {
  const server = await RedisServer.start();
  const { send, close } = ioredisTo(server.port, { retryStrategy: () => 50 });
  return {
    server,
    source: ({ maxBytes: _, ...layout }) => redisSource({ send, ...layout }),
    publisher: (layout, key = () => '') => createRedisPublisher({ send, key, ...layout }),
    letters: (channel, maxLetters = 100) => redisLetters({ send, channel, maxLetters }),
    async writeForeign(channel) {
      await send(['XADD', await streamOf(send, channel), '*', 'hello', 'wörld']);
      return '["hello","wörld"]';
    },
    async overwrite(channel, cell, text) {
      const key = (await streamOf(send, channel)).replace(/0$/, 'cells');
      await send(text === undefined ? ['HDEL', key, cell] : ['HSET', key, cell, text]);
    },
    async end() {
      close();
      await server.end();
    },
  };
}

/** Each broker, why tests with it are left out, and how one is started. */
export const brokers = [
  ['nats', whyWithoutNats(), natsRig],
  ['redis', whyWithoutRedis(), redisRig],
] as const;

/** An owner that keeps what it is assigned. */
export function collector(): SourceOwner & { readonly stays: Assigned[] } {
  const stays: Assigned[] = [];
  return { stays, assigned: (partition) => stays.push(partition), revoke: async () => {} };
}

export const room = { frames: 1_000, bytes: 1e8 };
export const open: AbortSignal = new AbortController().signal;

/** Reads frames until they have so many messages. */
export async function readUntil(stay: Assigned | undefined, count: number): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  while (frames.reduce((sum, frame) => sum + frame.messages().length, 0) < count)
    frames.push(...((await stay?.read(room, open)) ?? []));
  return frames;
}

/** Servers take real time: looks until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, meanwhile?: () => unknown): Promise<void> {
  for (const endsAt = performance.now() + 30_000; !(await holds()); await sleep(10)) {
    if (performance.now() > endsAt) throw new Error('it did not come to pass within 30 s');
    await meanwhile?.();
  }
}
