import type { LogEnds, LogReader, PartitionLog } from '../cluster/broker.ts';
import type { RedisChannel } from './redis-channel.ts';
import { RedisPoll } from './redis-poll.ts';
import { RedisReader } from './redis-reader.ts';
import { listOf, RedisScript, textOf } from './redis-script.ts';

/** ARGV: position. */
const ENDS = new RedisScript(`
local last = tonumber(redis.call('HGET', KEYS[3], 'last') or '0')
last = math.max(last, tonumber(string.match(tail_of(KEYS[2]), '^%d+')))
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local first = oldest and string.match(oldest[1], '^%d+') or string.format('%.0f', last + 1)
local entry = redis.call('XRANGE', KEYS[2], ARGV[2] .. '-0', ARGV[2] .. '-0')[1]
local parts = entry and parts_of(entry)
return { first, string.format('%.0f', last), parts and parts.id or (entry and entry[1] or '') }
`);
/** ARGV: position. */
const TRIM = new RedisScript(`
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2] .. '-0')
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local parts = oldest and parts_of(oldest)
local removed = parts and parts.at or redis.call('HGET', KEYS[3], 'written')
if removed then redis.call('HSET', KEYS[3], 'removed', removed) end
`);

/** One stream per partition; the entry at position 5 is `5-0`. */
export class RedisLog implements PartitionLog {
  readonly #channel: RedisChannel;
  readonly #poll: RedisPoll;
  /** What was at the position that was asked for last. */
  readonly #known = new Map<number, { readonly position: number; readonly frame: string | undefined }>();

  constructor(channel: RedisChannel) {
    this.#channel = channel;
    this.#poll = new RedisPoll(channel);
  }

  async ends(partition: number, position: number): Promise<LogEnds> {
    const [first, last, id] = listOf(await this.#channel.run(ENDS, this.#keysOf(partition), [position])).map(textOf);
    const frame = id === '' ? undefined : id;
    this.#known.set(partition, { position, frame });
    return { first: Number(first), last: Number(last), log: this.#channel.made, frame };
  }

  async last(partition: number): Promise<number> {
    const [, last] = listOf(await this.#channel.run(ENDS, this.#keysOf(partition), [0])).map(textOf);
    return Number(last);
  }

  open(partition: number, after: number): LogReader {
    const known = this.#known.get(partition);
    const frame = known?.position === after ? known.frame : undefined;
    return new RedisReader(this.#poll, { partition, after, frame, log: this.#channel.made });
  }

  async trim(partition: number, position: number): Promise<void> {
    await this.#channel.run(TRIM, this.#keysOf(partition), [position]);
  }

  #keysOf(partition: number): readonly string[] {
    const { keys } = this.#channel;
    return [keys.stream(partition), keys.end(partition)];
  }
}
