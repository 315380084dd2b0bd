import type { NatsConnection } from '@nats-io/transport-node';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { SluiceError } from '../core/sluice-error.ts';

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

const PARTITIONS_MAX = 1_024;
export const MEBIBYTE = 1024 ** 2;

export function natsSettings(layout: NatsLayout): NatsSettings {
  const { connection, channel, partitions, replicas = 1, maxBytes = 1024 ** 3, maxAgeMs = 0 } = layout;
  if (typeof connection?.publish !== 'function')
    throw new SluiceError('invalid-option', 'connection must be a connection of @nats-io/transport-node');
  if (typeof channel !== 'string' || !/^[\w-]+$/.test(channel))
    throw new SluiceError('invalid-option', `channel must be letters, digits, - and _, got '${String(channel)}'`);
  checkInteger('partitions', partitions, 1, PARTITIONS_MAX);
  checkInteger('replicas', replicas, 1, 5);
  checkInteger('maxBytes', maxBytes, MEBIBYTE, Number.MAX_SAFE_INTEGER);
  checkInteger('maxAgeMs', maxAgeMs, 0, 1e9);
  return { connection, channel, partitions, replicas, maxBytes, maxAgeMs };
}

export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new SluiceError('invalid-option', `${name} must be a whole number from ${min} to ${max}, got ${String(value)}`);
}
