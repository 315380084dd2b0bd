import { createSystemClock } from '../adapters/system-clock.ts';
import type { CellEntry, Cells, LogFrame, LogReader, PartitionLog } from '../cluster/broker.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { jsonOrText } from '../core/plain.ts';
import { RedisChannel } from './redis-channel.ts';
import { checkLayout, layoutNames, type RedisSourceOptions } from './redis-options.ts';
import { type Ask, type Entry, RedisPoll } from './redis-poll.ts';
import { HAS_NO_NEXT, listOf, RedisScript, textOf } from './redis-script.ts';

/** ARGV: position. */
const ENDS = new RedisScript(`
local info, tail = info_of(KEYS[2])
local last = math.max(tonumber(redis.call('HGET', KEYS[3], 'last') or '0'), tail)
local oldest = info['first-entry']
local first = oldest and string.match(oldest[1], '^%d+') or string.format('%.0f', last + 1)
local entry = redis.call('XRANGE', KEYS[2], ARGV[2] .. '-0', ARGV[2], 'COUNT', 1)[1]
local parts = entry and parts_of(entry)
local frame = parts and parts.id or (entry and entry[1] == ARGV[2] .. '-0' and entry[1] or '')
if not entry and tonumber(first) < tonumber(ARGV[2]) then frame = 'none' end
return { first, string.format('%.0f', last), frame, server_of() }
`);
/** ARGV: position. What has no such position went back, and nobody has read what it has before it. */
const TRIM = new RedisScript(`
if #redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2], 'COUNT', 1) == 0 then return end
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2] .. '-0')
local oldest, is_far = nearest('XRANGE', KEYS[2], '-', '+')
if is_far then return end
local removed = oldest and oldest.at or redis.call('HGET', KEYS[3], 'written')
if removed then redis.call('HSET', KEYS[3], 'removed', removed) end
`);

/** ARGV: ids of entries behind one of the same number, as `XADD *` adds in one ms: each gets the next position. */
const MOVE = new RedisScript(`
local _, last = info_of(KEYS[2])
for i = 2, #ARGV do
  local entry = redis.call('XRANGE', KEYS[2], ARGV[i], ARGV[i])[1]
  if entry then
    last = last + 1
    redis.call('XADD', KEYS[2], string.format('%.0f-0', last), unpack(entry[2]))
    redis.call('XDEL', KEYS[2], ARGV[i])
  end
end
`);

/** One stream per partition; the entry at position 5 is `5-0`. */
function redisLog(channel: RedisChannel): PartitionLog {
  const poll = new RedisPoll(channel);
  /** Which server said what is at the position that was asked for last. */
  const servers = new Map<number, string>();
  const keysOf = (partition: number) => [channel.keys.stream(partition), channel.keys.end(partition)];
  const endsAt = async (partition: number, position: number) =>
    listOf(await channel.run(ENDS, keysOf(partition), [position])).map(textOf);
  return {
    async ends(partition, position) {
      const [first, last, id, server = ''] = await endsAt(partition, position);
      servers.set(partition, server);
      const frame = id === '' ? undefined : id;
      return { first: Number(first), last: Number(last), log: channel.keys.log, frame };
    },
    last: async (partition) => Number((await endsAt(partition, 0))[1]),
    open: (partition, after) =>
      new RedisReader(poll, channel, { partition, after, server: servers.get(partition) ?? '' }),
    async trim(partition, position) {
      await channel.run(TRIM, keysOf(partition), [position]);
    },
  };
}

/** Who takes so many bytes at once is behind, and gets the next frames while it works on these. */
const AHEAD_BYTES = 64 * 1024;

interface ReaderStart {
  readonly partition: number;
  readonly after: number;
  readonly server: string;
}

/** The frames of one stream, each of which must follow the one that was read before it. */
class RedisReader implements LogReader {
  readonly #poll: RedisPoll;
  readonly #channel: RedisChannel;
  readonly #start: ReaderStart;
  readonly #closed = new AbortController();
  #position: number;
  /** Of the entry that was read last. */
  #id: string;
  #frame: string | undefined;
  #ahead: Promise<readonly Entry[]> | undefined;

  constructor(poll: RedisPoll, channel: RedisChannel, start: ReaderStart) {
    this.#poll = poll;
    this.#channel = channel;
    this.#start = start;
    this.#position = start.after;
    this.#id = `${start.after}-0`;
  }

  async read(frames: number, bytes: number): Promise<readonly LogFrame[]> {
    const reading = this.#ahead ?? this.#poll.read(this.#next(frames, bytes), this.#closed.signal);
    this.#ahead = undefined;
    const entries = await reading;
    // Somebody may have removed the stream: then other frames have the numbers of those that were read.
    const { id = '', after } = entries[0] ?? {};
    const isNext = Number.parseInt(id, 10) === this.#position + 1;
    if (isNext && this.#frame !== undefined && after !== undefined && after !== '' && after !== this.#frame)
      throw new Error(`position ${this.#position + 1} does not follow the frame that was read before it`);
    const stream = this.#channel.keys.stream(this.#start.partition);
    const taken: LogFrame[] = [];
    const strays: string[] = [];
    for (const entry of entries) {
      const position = Number.parseInt(entry.id, 10);
      if (position === this.#position) strays.push(entry.id);
      else if (Number.isSafeInteger(position)) taken.push(this.#take(entry, position));
      else if (taken.length === 0) throw new Error(`${stream} ${HAS_NO_NEXT}`);
    }
    if (strays.length > 0) await this.#channel.run(MOVE, [stream], strays);
    const size = taken.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (size >= AHEAD_BYTES && !this.#closed.signal.aborted) {
      this.#ahead = this.#poll.read(this.#next(frames, bytes), this.#closed.signal);
      // The next read rejects with it.
      this.#ahead.catch(() => {});
    }
    return taken;
  }

  #next(frames: number, bytes: number): Ask {
    const { partition, server } = this.#start;
    return { partition, after: this.#id, frames, bytes, server };
  }

  close(): void {
    this.#closed.abort();
  }

  #take({ id, frame, bytes }: Entry, position: number): LogFrame {
    this.#position = position;
    this.#id = id;
    this.#frame = frame ?? id;
    return {
      position,
      bytes,
      mark: { log: this.#channel.keys.log, frame: this.#frame },
      isForeign: frame === undefined,
    };
  }
}

/** ARGV: field. */
const READ = new RedisScript(`return redis.call('HGET', KEYS[2], ARGV[2])`);
/** ARGV: field, revision, value. */
const WRITE = new RedisScript(`
local entry = redis.call('HGET', KEYS[2], ARGV[2])
local revision = entry and string.match(entry, '^%d+') or '0'
if revision ~= ARGV[3] then return 'stale' end
local next_revision = string.format('%.0f', tonumber(revision) + 1)
redis.call('HSET', KEYS[2], ARGV[2], next_revision .. ' ' .. ARGV[4])
return next_revision
`);

/** Cells in the fields of one hash, each with its revision before its value. */
function redisCells(channel: RedisChannel): Cells {
  return {
    async read(key): Promise<CellEntry | undefined> {
      const entry = await channel.run(READ, [channel.keys.cells], [key]);
      if (entry === null) return undefined;
      const [, revision, text = textOf(entry)] = /^(\d+) (.*)$/.exec(textOf(entry)) ?? [];
      return { revision: Number(revision ?? 0), value: jsonOrText(text) };
    },
    async write(key, value, revision) {
      const args = [key, revision, JSON.stringify(value)];
      const answer = textOf(await channel.run(WRITE, [channel.keys.cells], args));
      return answer === 'stale' ? 'stale' : Number(answer);
    },
  };
}

/** A source whose partitions are streams of Redis, shared out among all members that use the same channel. */
export function redisSource(options: RedisSourceOptions): ClusterSource {
  return redisSourceOn(createSystemClock(), options);
}

/** On any clock. */
export function redisSourceOn(clock: Clock, options: RedisSourceOptions): ClusterSource {
  checkOptions('redisSource', options, { ...layoutNames, ...clusterOptionNames });
  checkLayout(options);
  const channel = new RedisChannel(options, clock);
  const broker = {
    partitions: options.partitions,
    prepare: () => channel.prepare(),
    mistakes: async () => (await channel.checkServer()).mistakes,
    cells: redisCells(channel),
    log: redisLog(channel),
  };
  return new ClusterSource({ name: options.channel, broker, clock, random: unlikely }, options);
}
