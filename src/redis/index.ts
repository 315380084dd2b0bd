export type { ClusterAlert, ClusterOptions } from '../cluster/cluster-options.ts';
export type { ClusterSource } from '../cluster/cluster-source.ts';
export type { Publisher, PublisherOptions } from '../cluster/publisher.ts';
export type { ClusterView, HandOver, MemberStatus, PartitionStatus } from '../core/cluster-view.ts';
export type { KeptLetter, LetterFilter, LetterStore, NewLetter } from '../core/letter-store-port.ts';
export { partitionOf } from '../core/partition-of.ts';
export type * from '../core/source-port.ts';
export { redisLetters } from './redis-letters.ts';
export type {
  RedisLayout,
  RedisLetterOptions,
  RedisPublisherOptions,
  RedisSend,
  RedisSourceOptions,
} from './redis-options.ts';
export { createRedisPublisher } from './redis-publisher.ts';
export { redisSource } from './redis-source.ts';
