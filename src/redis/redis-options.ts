import { type ClusterOptions, checkChannel } from '../cluster/cluster-options.ts';
import type { PublisherOptions } from '../cluster/publisher.ts';
import { invalidOption } from '../core/sluice-error.ts';

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

export function checkLayout({ send, channel, partitions }: RedisLayout): void {
  if (typeof send !== 'function')
    throw invalidOption(`send must be a function that sends a command, got ${typeof send}`);
  checkChannel(channel, partitions);
}
