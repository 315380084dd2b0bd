import { createSystemClock } from '../adapters/system-clock.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { watchConnection } from './connection-watch.ts';
import { NatsCells } from './nats-cells.ts';
import { NatsLog } from './nats-log.ts';
import { layoutNames, type NatsSourceOptions, natsSettings } from './nats-options.ts';
import { prepareStreams } from './prepare-streams.ts';

/** A source whose partitions are streams of NATS JetStream, shared out among all members that use the same channel. */
export function natsSource(options: NatsSourceOptions): ClusterSource {
  return natsSourceOn(createSystemClock(), options);
}

/** On any clock. */
export function natsSourceOn(clock: Clock, options: NatsSourceOptions): ClusterSource {
  checkOptions('natsSource', options, { ...layoutNames, ...clusterOptionNames });
  const settings = natsSettings(options);
  const log = new NatsLog(settings, clock);
  const broker = {
    partitions: settings.partitions,
    prepare: async () => log.use(await prepareStreams(settings)),
    away: watchConnection(settings.connection),
    cells: new NatsCells(settings),
    log,
  };
  return new ClusterSource({ name: settings.channel, broker, clock, random: unlikely }, options);
}
