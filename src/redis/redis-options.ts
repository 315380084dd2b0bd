import type { ClusterOptions } from '../cluster/cluster-options.ts';
import type { PublisherOptions } from '../cluster/publisher.ts';
import { SluiceError } from '../core/sluice-error.ts';

/**
 * Sends one command with its arguments and resolves with the reply as the client gives it; rejects when Redis answers
 * with an error or is not there. A large argument comes as bytes, which clients take as well as text.
 */
export type RedisSend = (args: [command: string, ...rest: (string | Buffer)[]]) => Promise<unknown>;

/** The keys of one channel: the same for every publisher and every member. */
export interface RedisLayout {
  /** Sends a command on a connection that the host makes, and closes after everything that uses it. */
  readonly send: RedisSend;
  /** What the keys are named after: letters, digits, `-` and `_`. */
  readonly channel: string;
  /** How many streams there are, 1 to 1,024. Fixed once the channel is made: keys would move otherwise. */
  readonly partitions: number;
}

/** How a source reads from Redis. */
export interface RedisSourceOptions extends RedisLayout, ClusterOptions {}

/** How messages are published to Redis. */
export interface RedisPublisherOptions<Message> extends RedisLayout, PublisherOptions<Message> {
  /** What the stream of a partition may hold, 64 MiB by default; when it is full, this publisher waits. */
  readonly maxBytes?: number;
}

/** Where dead letters are kept: the same for all processes. */
export interface RedisLetterOptions extends Omit<RedisLayout, 'partitions'> {
  /** How many letters there may be, 100,000 by default; when there are as many, messages wait instead of being given up. */
  readonly maxLetters?: number;
}

/** The names of what describes the keys. */
export const layoutNames = { send: true, channel: true, partitions: true } as const;

const PARTITIONS_MAX = 1_024;
const MEBIBYTE = 1024 ** 2;

export function checkLayout({ send, channel, partitions }: RedisLayout): void {
  if (typeof send !== 'function') throw invalid(`send must be a function that sends a command, got ${typeof send}`);
  if (typeof channel !== 'string' || !/^[\w-]+$/.test(channel))
    throw invalid(`channel must be letters, digits, - and _, got '${String(channel)}'`);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX)
    throw invalid(`partitions must be a whole number from 1 to ${PARTITIONS_MAX}, got ${String(partitions)}`);
}

export function checkMaxBytes(maxBytes: number): void {
  if (!Number.isInteger(maxBytes) || maxBytes < MEBIBYTE)
    throw invalid(`maxBytes must be a whole number from ${MEBIBYTE}, got ${String(maxBytes)}`);
}

export function checkMaxLetters(maxLetters: number): void {
  if (!Number.isInteger(maxLetters) || maxLetters < 1)
    throw invalid(`maxLetters must be a whole number from 1, got ${String(maxLetters)}`);
}

function invalid(text: string): SluiceError {
  return new SluiceError('invalid-option', text);
}
