import { createSystemClock } from '../adapters/system-clock.ts';
import type { CellEntry, Cells } from '../cluster/broker.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { RedisChannel } from './redis-channel.ts';
import { redisLog } from './redis-log.ts';
import { checkLayout, layoutNames, type RedisSourceOptions } from './redis-options.ts';
import { RedisScript, textOf } from './redis-script.ts';

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
  const keys = [channel.keys.cells];
  return {
    async read(key): Promise<CellEntry | undefined> {
      const entry = await channel.run(READ, keys, [key]);
      if (entry === null) return undefined;
      const text = textOf(entry);
      const blank = text.indexOf(' ');
      return { revision: Number(text.slice(0, blank)), value: JSON.parse(text.slice(blank + 1)) };
    },
    async write(key, value, revision) {
      const answer = textOf(await channel.run(WRITE, keys, [key, revision, JSON.stringify(value)]));
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
    cells: redisCells(channel),
    log: redisLog(channel),
  };
  return new ClusterSource({ name: options.channel, broker, clock, random: unlikely }, options);
}
