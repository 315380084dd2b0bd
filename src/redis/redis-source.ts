import { createSystemClock } from '../adapters/system-clock.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { redisCells } from './redis-cells.ts';
import { RedisChannel } from './redis-channel.ts';
import { RedisLog } from './redis-log.ts';
import { checkLayout, layoutNames, type RedisSourceOptions } from './redis-options.ts';

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
    log: new RedisLog(channel),
  };
  return new ClusterSource({ name: options.channel, broker, clock, random: unlikely }, options);
}
