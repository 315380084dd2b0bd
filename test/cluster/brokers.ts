import { connect } from '@nats-io/transport-node';
import { createNatsPublisher, natsLetters, natsSource } from '../../src/nats/index.ts';
import { createRedisPublisher, redisLetters, redisSource } from '../../src/redis/index.ts';
import type { Workers } from '../../src/workers/index.ts';
import { NatsServer } from '../support/nats-server.ts';
import { ioredisTo, RedisServer } from '../support/redis-server.ts';

export const PARTITIONS = 16;
/** What a worker of the campaign may have read and not committed. */
export const WINDOW_FRAMES = 256;
const layout = { channel: 'ticks', partitions: PARTITIONS };

/** A message of the market, and its number among those of its key. */
export interface Tick {
  readonly key: string;
  readonly n: number;
  /** In a campaign: its number among those of its partition. */
  readonly s?: number;
  /** The sink refuses it for good. */
  readonly bad?: true;
  readonly message: unknown;
}

export type BrokerKind = 'nats' | 'redis';

export async function startBroker(kind: BrokerKind): Promise<NatsServer | RedisServer> {
  return kind === 'nats' ? NatsServer.start() : RedisServer.start();
}

/** What a feed and a worker have of the broker. */
export async function clientOf(kind: string, port: number, onAlert: (text: string) => void) {
  const key = ({ key }: Tick): string => key;
  const listener = { onAlert: ({ text }: { readonly text: string }) => onAlert(text) };
  if (kind === 'nats') {
    const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 });
    return {
      publisher: createNatsPublisher<Tick>({ connection, ...layout, key }),
      source: natsSource({ connection, ...layout, ...listener }),
      letters: natsLetters({ connection, channel: layout.channel }),
      close: () => connection.close(),
    };
  }
  const { send, close } = ioredisTo(port);
  return {
    publisher: createRedisPublisher<Tick>({ send, ...layout, key }),
    source: redisSource({ send, ...layout, ...listener }),
    letters: redisLetters({ send, channel: layout.channel }),
    close: async () => close(),
  };
}

/** So many messages, by the metrics of all workers. */
export async function deliveredBy(workers: Workers): Promise<number> {
  return Number(/^sluice_messages_delivered_total\{[^}]*\} (\d+)$/m.exec(await workers.metrics())?.[1] ?? 0);
}
