import type { JetStreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { Cells } from '../cluster/broker.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { watchConnection } from './connection-watch.ts';
import { isStale, throwTold } from './nats-error.ts';
import { natsLog } from './nats-log.ts';
import { layoutNames, type NatsSettings, type NatsSourceOptions, natsSettings } from './nats-options.ts';
import { prepareStreams } from './prepare-streams.ts';
import { bucketName } from './stream-config.ts';

/** A source whose partitions are streams of NATS JetStream, shared out among all members that use the same channel. */
export function natsSource(options: NatsSourceOptions): ClusterSource {
  return natsSourceOn(createSystemClock(), options);
}

/** On any clock. */
export function natsSourceOn(clock: Clock, options: NatsSourceOptions): ClusterSource {
  checkOptions('natsSource', options, { ...layoutNames, ...clusterOptionNames });
  const settings = natsSettings(options);
  let manager: JetStreamManager | undefined;
  const broker = {
    partitions: settings.partitions,
    prepare: async () => {
      manager = await prepareStreams(settings);
    },
    away: watchConnection(settings.connection),
    cells: natsCells(settings),
    log: natsLog(settings, clock, () => manager),
  };
  return new ClusterSource({ name: settings.channel, broker, clock, random: unlikely }, options);
}

/** Cells in one KV bucket. */
function natsCells({ connection, channel }: NatsSettings): Cells {
  const name = `KV bucket ${bucketName(channel)}`;
  let bucket: Promise<KV> | undefined;
  const open = (): Promise<KV> => {
    // Without direct get the leader answers; any other server may be behind.
    bucket ??= new Kvm(connection).open(bucketName(channel), { allow_direct: false });
    return bucket;
  };
  return {
    async read(key) {
      const entry = await (await open()).get(key).catch((error) => throwTold(error, name));
      return entry?.operation === 'PUT' ? { value: entry.json(), revision: entry.revision } : undefined;
    },
    async write(key, value, revision) {
      try {
        return await (await open()).put(key, JSON.stringify(value), { previousSeq: revision });
      } catch (error) {
        if (isStale(error)) return 'stale';
        throwTold(error, name);
      }
    },
  };
}
