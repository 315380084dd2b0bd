import type { NatsConnection } from '@nats-io/transport-node';
import { type ClusterOptions, checkChannel, checkWhole, MEBIBYTE } from '../cluster/cluster-options.ts';
import { invalidOption } from '../core/sluice-error.ts';

/** The streams of one channel: the same for every publisher and every member. */
export interface NatsLayout {
  /** A connection of `@nats-io/transport-node`; the host closes it after everything that uses it. */
  readonly connection: NatsConnection;
  /** What the streams are named after: letters, digits, `-` and `_`. */
  readonly channel: string;
  /** How many streams there are, 1 to 1,024. Fixed once they are made: keys would move otherwise. */
  readonly partitions: number;
  /** On how many servers each stream lies, 1 by default; 3 in a cluster that may lose a server. */
  readonly replicas?: number;
  /** What a stream may hold, 1 GiB by default; when it is full, publishers wait. */
  readonly maxBytes?: number;
  /** How long a frame stays, settled or not; 0, the default: until it is settled. */
  readonly maxAgeMs?: number;
}

/** How a source reads from NATS. */
export interface NatsSourceOptions extends NatsLayout, ClusterOptions {}

/** The same, checked and filled in. */
export type NatsSettings = Required<NatsLayout>;

/** The names of what describes the streams. */
export const layoutNames = {
  connection: true,
  channel: true,
  partitions: true,
  replicas: true,
  maxBytes: true,
  maxAgeMs: true,
} as const;

export function natsSettings(layout: NatsLayout): NatsSettings {
  const { connection, channel, partitions, replicas = 1, maxBytes = 1024 * MEBIBYTE, maxAgeMs = 0 } = layout;
  checkConnection(connection);
  checkChannel(channel, partitions);
  checkWhole('replicas', replicas, 1, 5);
  checkWhole('maxBytes', maxBytes, MEBIBYTE);
  checkWhole('maxAgeMs', maxAgeMs, 0, 1e9);
  return { connection, channel, partitions, replicas, maxBytes, maxAgeMs };
}

export function checkConnection(connection: NatsConnection): void {
  if (typeof connection?.publish !== 'function')
    throw invalidOption('connection must be a connection of @nats-io/transport-node');
}

/** Where dead letters are kept: the same for all processes. */
export interface NatsLetterOptions extends Omit<NatsLayout, 'partitions' | 'maxAgeMs'> {
  /** How many letters there may be, 100,000 by default; when there are as many, messages wait instead of being given up. */
  readonly maxLetters?: number;
}

/** The same, checked and filled in. */
export type LetterSettings = Required<NatsLetterOptions>;

export function letterSettings({ maxLetters = 100_000, maxBytes = 1024 * MEBIBYTE, ...layout }: NatsLetterOptions) {
  checkWhole('maxLetters', maxLetters, 1, 1e7);
  const { connection, channel, replicas } = natsSettings({ ...layout, maxBytes, partitions: 1 });
  return { connection, channel, replicas, maxBytes, maxLetters } satisfies LetterSettings;
}
