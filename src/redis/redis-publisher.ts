import { createSystemClock } from '../adapters/system-clock.ts';
import { checkWhole, MEBIBYTE } from '../cluster/option-checks.ts';
import { Publisher } from '../cluster/publisher.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import { redisAppender } from './redis-appender.ts';
import { RedisChannel } from './redis-channel.ts';
import { checkLayout, layoutNames, type RedisPublisherOptions } from './redis-options.ts';

const MAX_BYTES = 64 * MEBIBYTE;

/** Publishes messages in frames to the streams of a channel, which it makes if it is missing. */
export function createRedisPublisher<Message>(options: RedisPublisherOptions<Message>): Publisher<Message> {
  checkOptions('createRedisPublisher', options, { ...layoutNames, maxBytes: true, key: true, lingerMs: true });
  const { maxBytes = MAX_BYTES, partitions } = options;
  checkLayout(options);
  checkWhole('maxBytes', maxBytes, MEBIBYTE);
  const clock = createSystemClock();
  const channel = new RedisChannel(options, clock);
  const parts = {
    appender: redisAppender(channel, maxBytes),
    clock,
    partitions,
    producer: unlikelyName(),
    prepare: () => channel.prepare(),
  };
  return new Publisher(parts, options);
}
