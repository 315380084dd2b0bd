import { createSystemClock } from '../adapters/system-clock.ts';
import type { Appender } from '../cluster/broker.ts';
import { checkWhole, MEBIBYTE } from '../cluster/cluster-options.ts';
import { Publisher } from '../cluster/publisher.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { argumentOfFrame } from './frame-text.ts';
import { RedisChannel } from './redis-channel.ts';
import { checkLayout, layoutNames, type RedisPublisherOptions } from './redis-options.ts';
import { RedisScript, textOf } from './redis-script.ts';

/**
 * ARGV: id, number of the publisher's frame, room, frame. Positions go on from the last one, also of entries that another
 * program wrote. Each entry names the one before it, so that a reader sees when the log went back meanwhile. The number of
 * the last frame of each publisher is in the id of the last entry, or under a key of its own once another one wrote.
 */
const APPEND = new RedisScript(
  `
local ends = redis.call('HMGET', KEYS[3], 'last', 'id', 'written', 'removed')
local last, after, written = tonumber(ends[1] or '0'), ends[2] or '', ends[3] or '0'
local publisher = string.match(ARGV[2], '^(.*):%d+:%d+$')
local newest_by, newest_n = string.match(after, '^(.*):%d+:(%d+)$')
local n = newest_n
if newest_by ~= publisher then n = redis.call('GET', KEYS[4]) end
if tonumber(n or '0') >= tonumber(ARGV[3]) then return 'there' end
local used = tonumber(written) - tonumber(ends[4] or '0')
if used > 0 and used + #ARGV[5] > tonumber(ARGV[4]) then return 'full' end
local function add()
  local position = string.format('%.0f-0', last + 1)
  return redis.pcall('XADD', KEYS[2], position, 'id', ARGV[2], 'after', after, 'at', written, 'frame', ARGV[5])
end
if type(add()) == 'table' then
  after = tail_of(KEYS[2])
  last = tonumber(string.match(after, '^%d+'))
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local parts = newest and parts_of(newest)
  if parts then after = parts.id end
  local added = add()
  if type(added) == 'table' then return added end
end
local now = string.format('%.0f', written + #ARGV[5])
redis.call('HSET', KEYS[3], 'last', string.format('%.0f', last + 1), 'id', ARGV[2], 'written', now)
if newest_by and newest_by ~= publisher then
  redis.call('SET', string.sub(KEYS[4], 1, -#publisher - 1) .. newest_by, newest_n, 'PX', 3600000)
end
return 'added'
`,
  { isRefusedWhenFull: true },
);

/** Appends each frame once: the script knows the number of the last frame of each publisher. */
export function redisAppender(channel: RedisChannel, maxBytes: number): Appender {
  const { keys, name } = channel;
  return {
    async append(partition, frame, id) {
      const [producer = '', , n = ''] = id.split(':');
      const own = [keys.stream(partition), keys.end(partition), keys.producer(partition, producer)];
      const answer = await channel.run(APPEND, own, [id, n, maxBytes, argumentOfFrame(frame)]).catch((error) => {
        if (!errorText(error).includes('OOM')) throw error;
        throw new SluiceError('store-full', 'Redis has no memory left', { cause: error });
      });
      if (textOf(answer) === 'full') throw new SluiceError('store-full', `partition ${partition} of ${name} is full`);
    },
  };
}

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
