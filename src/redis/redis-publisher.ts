import { createSystemClock } from '../adapters/system-clock.ts';
import type { Appender } from '../cluster/broker.ts';
import { checkWhole, MEBIBYTE } from '../cluster/cluster-options.ts';
import { Publisher, publisherOptionNames } from '../cluster/publisher.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { textsOfFrame } from './frame-text.ts';
import { RedisChannel } from './redis-channel.ts';
import { checkLayout, layoutNames, type RedisPublisherOptions } from './redis-options.ts';
import { HAS_NO_NEXT, listOf, RedisScript, textOf } from './redis-script.ts';

/**
 * ARGV: id, number of the publisher's frame, room, header and rest of the frame, and the end as it knows it. Positions go
 * on from the last one, also of entries that another program wrote. Each entry names the one before it, so that a reader
 * sees when the stream is another. The number of the last frame of each publisher is in the id of the last entry, or under a
 * key of its own once another one wrote. What the hash says of the end is right if the position after it is free: else a
 * publisher has gone on by itself. Answers with the end when no other publisher has written the frame before it.
 */
const APPEND = new RedisScript(
  `
local ends = redis.call('HMGET', KEYS[3], 'last', 'id', 'written', 'removed')
local last, newest, written, removed = ends[1] or '0', ends[2] or '', ends[3] or '0', ends[4] or '0'
local after = newest
-- Positions that this publisher has given away are not given again, whatever became of the stream since.
if tonumber(ARGV[7]) > tonumber(last) then last, after, written = ARGV[7], ARGV[8], ARGV[9] end
local publisher = string.match(ARGV[2], '^(.*):%d+:%d+$')
local function append()
  local by, n = string.match(newest, '^(.*):%d+:(%d+)$')
  local own = n
  if by ~= publisher then own = redis.call('GET', KEYS[4]) end
  if tonumber(own or '0') >= tonumber(ARGV[3]) then return { 'there' } end
  local size, used = #ARGV[5] + #ARGV[6], redis.call('XLEN', KEYS[2]) == 0 and 0 or written - removed
  if used > 0 and used + size > tonumber(ARGV[4]) then return { 'full' } end
  local position, now = string.format('%.0f', last + 1), string.format('%.0f', written + size)
  local head = table.concat({ ARGV[2], after, written, ARGV[5] }, ' ')
  local added = redis.pcall('XADD', KEYS[2], position .. '-0', 'sluice', head, 'frame', ARGV[6])
  if type(added) == 'table' then return added end
  redis.call('HSET', KEYS[3], 'last', position, 'id', ARGV[2], 'written', now)
  if not by or by == publisher then return { 'added', position, now, removed } end
  redis.call('SET', string.sub(KEYS[4], 1, -#publisher - 1) .. by, n, 'PX', 3600000)
  return { 'added' }
end
local answer = append()
if not answer.err then return answer end
local _
_, last = info_of(KEYS[2])
if last >= 2 ^ 53 - 1 then return redis.error_reply(KEYS[2] .. ' ${HAS_NO_NEXT}') end
-- The first one of the last position: those behind it get others.
local entry = redis.call('XRANGE', KEYS[2], string.format('%.0f', last), '+', 'COUNT', 1)[1]
local parts = entry and parts_of(entry)
after = parts and parts.id or entry and entry[1] or ''
parts = parts or nearest('XREVRANGE', KEYS[2], '+', '-')
if parts then newest, written = parts.id, string.format('%.0f', parts.at + parts.size) end
return append()
`,
  { isRefusedWhenFull: true },
);

/** A publisher counts on nobody having removed the channel for so long: its streams alone do not say so. */
const TRUSTED_MS = 1_000;

/**
 * Appends each frame once. The publisher that wrote last knows the end, and goes on with a plain command, which costs Redis
 * a sixth of the script. The command makes no stream, and fails if its position is taken, because another publisher has
 * written since. The script does the rest; it knows the number of the last frame of each publisher.
 */
export function redisAppender(channel: RedisChannel, maxBytes: number): Appender {
  const { name, clock } = channel;
  /** Of streams that nobody else has written to meanwhile; more may have been removed. */
  const ends = new Map<number, { last: number; id: string; written: number; removed: number; until: number }>();
  async function goOn(partition: number, head: string, body: string | Buffer, id: string): Promise<boolean> {
    const end = ends.get(partition);
    if (end === undefined || clock.now() >= end.until) return false;
    const written = end.written + head.length + Buffer.byteLength(body);
    if (written - end.removed > maxBytes) return false;
    const last = end.last + 1;
    const position = `${last}-0`;
    const text = `${id} ${end.id} ${end.written} ${head}`;
    const key = channel.keys.stream(partition);
    // If it fails, the script finds out what has become of it.
    const adding = channel.send(['XADD', key, 'NOMKSTREAM', position, 'sluice', text, 'frame', body]);
    if (textOf(await adding.catch(() => '')) !== position) return false;
    ends.set(partition, { ...end, last, id, written });
    return true;
  }
  return {
    async append(partition, frame, id) {
      const [head, body] = textsOfFrame(frame);
      if (await goOn(partition, head, body, id)) return;
      const { keys } = channel;
      const [producer = '', , n = ''] = id.split(':');
      const own = [keys.stream(partition), keys.end(partition), keys.producer(partition, producer)];
      const end = ends.get(partition) ?? { last: 0, id: '', written: 0, removed: 0 };
      ends.set(partition, { ...end, until: 0 });
      const args = [id, n, maxBytes, head, body, end.last, end.id, end.written];
      const answer = await channel.run(APPEND, own, args).catch((error) => {
        if (!errorText(error).includes('OOM')) throw error;
        throw new SluiceError('store-full', 'Redis has no memory left', { cause: error });
      });
      const [outcome, ...known] = listOf(answer).map(textOf);
      if (outcome === 'full') throw new SluiceError('store-full', `partition ${partition} of ${name} is full`);
      const [last, written = 0, removed = 0] = known.map(Number);
      if (last !== undefined) ends.set(partition, { last, id, written, removed, until: clock.now() + TRUSTED_MS });
    },
  };
}

const MAX_BYTES = 64 * MEBIBYTE;

/** Publishes messages in frames to the streams of a channel, which it makes if it is missing. */
export function createRedisPublisher<Message>(options: RedisPublisherOptions<Message>): Publisher<Message> {
  checkOptions('createRedisPublisher', options, { ...layoutNames, maxBytes: true, ...publisherOptionNames });
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
