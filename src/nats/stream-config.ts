import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import type { LetterSettings, NatsSettings } from './nats-options.ts';

export const NANOS_PER_MS = 1_000_000;
/** How long a server knows the ids of frames: a frame that is sent again within it is kept once. */
const DUPLICATES_MS = 120_000;

export const streamName = (channel: string, partition: number): string => `SLUICE-${channel}-${partition}`;
export const subjectOf = (channel: string, partition: number): string => `sluice.${channel}.${partition}`;
/** Partitions have numbers, so no channel has these names for one of them. */
export const letterStreamName = (channel: string): string => `SLUICE-${channel}-letters`;
export const letterSubject = (channel: string, token: string): string => `sluice.${channel}.letters.${token}`;
export const bucketName = (channel: string): string => `SLUICE-${channel}`;

/** How the stream of a partition is made. Its description tells the number of partitions to whoever counts otherwise. */
export function streamConfig({ channel, partitions, replicas, maxBytes, maxAgeMs }: NatsSettings, partition: number) {
  const duplicatesMs = maxAgeMs === 0 ? DUPLICATES_MS : Math.min(DUPLICATES_MS, maxAgeMs);
  return {
    subjects: [subjectOf(channel, partition)],
    description: `sluice: partition ${partition} of ${partitions} of ${channel}, by FNV-1a 32`,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    storage: StorageType.File,
    num_replicas: replicas,
    max_bytes: maxBytes,
    max_age: maxAgeMs * NANOS_PER_MS,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    duplicate_window: duplicatesMs * NANOS_PER_MS,
  } satisfies Partial<StreamConfig>;
}

/** How the stream of dead letters is made: a newer text of a letter takes the place of the older one, and nothing goes by itself. */
export function letterStreamConfig({ channel, replicas, maxBytes, maxLetters }: LetterSettings) {
  return {
    subjects: [letterSubject(channel, '*')],
    description: `sluice: dead letters of ${channel}`,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    storage: StorageType.File,
    num_replicas: replicas,
    max_bytes: maxBytes,
    max_age: 0,
    max_msgs: maxLetters,
    max_msgs_per_subject: 1,
    duplicate_window: DUPLICATES_MS * NANOS_PER_MS,
  } satisfies Partial<StreamConfig>;
}

/** In what a stream differs from what it must be. */
export function mistakesInStream(name: string, config: StreamConfig, wanted: Partial<StreamConfig>): readonly string[] {
  const is: Readonly<Record<string, unknown>> = { ...config };
  const mistakes = Object.entries(wanted)
    .filter(([field, value]) =>
      field === 'duplicate_window'
        ? Number(is[field]) < Number(value)
        : JSON.stringify(is[field]) !== JSON.stringify(value),
    )
    .map(([field, value]) => `${name}: ${field} is ${JSON.stringify(is[field])} and must be ${JSON.stringify(value)}`);
  if (config.sealed) mistakes.push(`${name}: it is sealed, so nothing can be written`);
  if (config.deny_purge) mistakes.push(`${name}: deny_purge is set, so settled frames would stay`);
  if (config.mirror !== undefined || (config.sources ?? []).length > 0)
    mistakes.push(`${name}: it copies other streams, so its positions are not those of its publishers`);
  return mistakes;
}

/** Leases live in the bucket, so nothing in it may expire, and every member must read the newest value. */
export function mistakesInBucket(name: string, config: StreamConfig, replicas: number): readonly string[] {
  const bucket = `KV bucket ${name}`;
  const { max_age, num_replicas, storage, allow_direct } = config;
  return [
    ...(max_age === 0 ? [] : [`${bucket}: it has a TTL, and a lease must never expire`]),
    ...(num_replicas === replicas ? [] : [`${bucket}: num_replicas is ${num_replicas} and must be ${replicas}`]),
    ...(storage === StorageType.File ? [] : [`${bucket}: storage is ${storage} and must be file`]),
    ...(allow_direct ? [`${bucket}: allow_direct is set, so a server that is behind could answer`] : []),
  ];
}
