export type { ClusterAlert, ClusterOptions } from '../cluster/cluster-options.ts';
export type { ClusterSource } from '../cluster/cluster-source.ts';
export type { Publisher, PublisherOptions } from '../cluster/publisher.ts';
export type { ClusterView, HandOver, MemberStatus, PartitionStatus } from '../core/cluster-view.ts';
export type { KeptLetter, LetterFilter, LetterStore, NewLetter } from '../core/letter-store-port.ts';
export { partitionOf } from '../core/partition-of.ts';
export type {
  Assigned,
  CommitOutcome,
  Frame,
  MessagePlace,
  ReadRoom,
  Source,
  SourceOwner,
} from '../core/source-port.ts';
export { natsLetters } from './nats-letters.ts';
export type { NatsLayout, NatsLetterOptions, NatsSourceOptions } from './nats-options.ts';
export { createNatsPublisher, type NatsPublisherOptions } from './nats-publisher.ts';
export { natsQueue } from './nats-queue.ts';
export { natsSource } from './nats-source.ts';
export type { NatsQueueOptions } from './queue-options.ts';
