import { connect } from '@nats-io/transport-node';
import type { ClusterSource } from '../../src/cluster/cluster-source.ts';
import type { Publisher } from '../../src/cluster/publisher.ts';
import { createNatsPublisher, natsSource } from '../../src/nats/index.ts';
import { createRedisPublisher, redisSource } from '../../src/redis/index.ts';
import { NatsServer } from '../support/nats-server.ts';
import { ioredisTo, RedisServer } from '../support/redis-server.ts';

export const PARTITIONS = 16;
const layout = { channel: 'ticks', partitions: PARTITIONS };

/** A message of the market, and its number among those of its key. */
export interface Tick {
  readonly key: string;
  readonly n: number;
  readonly message: unknown;
}

export type BrokerKind = 'nats' | 'redis';

export function startBroker(kind: BrokerKind): Promise<NatsServer | RedisServer> {
  return kind === 'nats' ? NatsServer.start() : RedisServer.start();
}

interface Client {
  readonly publisher: Publisher<Tick>;
  readonly source: ClusterSource;
  close(): Promise<void>;
}

/** What a feed and a worker have of the broker. */
export async function clientOf(kind: string, port: number, onAlert: (text: string) => void): Promise<Client> {
  const key = ({ key }: Tick): string => key;
  const listener = { onAlert: ({ text }: { readonly text: string }) => onAlert(text) };
  if (kind === 'nats') {
    const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 });
    const [publisher, source] = [
      createNatsPublisher<Tick>({ connection, ...layout, key }),
      natsSource({ connection, ...layout, ...listener }),
    ];
    return { publisher, source, close: () => connection.close() };
  }
  const { send, close } = ioredisTo(port);
  const [publisher, source] = [
    createRedisPublisher<Tick>({ send, ...layout, key }),
    redisSource({ send, ...layout, ...listener }),
  ];
  return { publisher, source, close: async () => close() };
}
