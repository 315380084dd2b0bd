import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { Broker, Cells, PartitionLog } from '../cluster/broker.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { jsonOrText } from '../core/plain.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { watchConnection } from './connection-watch.ts';
import { isStale, throwTold } from './nats-error.ts';
import { layoutNames, type NatsSettings, type NatsSourceOptions, natsSettings } from './nats-options.ts';
import { NatsReader } from './nats-reader.ts';
import { prepareStreams } from './prepare-streams.ts';
import { bucketName, mistakesInBucket, mistakesInStream, streamConfig, streamName } from './stream-config.ts';

/** A source whose partitions are streams of NATS JetStream, shared out among all members that use the same channel. */
export function natsSource(options: NatsSourceOptions): ClusterSource {
  return natsSourceOn(createSystemClock(), options);
}

/** On any clock. */
export function natsSourceOn(clock: Clock, options: NatsSourceOptions): ClusterSource {
  checkOptions('natsSource', options, { ...layoutNames, ...clusterOptionNames });
  const settings = natsSettings(options);
  const readers = new Map<number, NatsReader>();
  const log = natsLog(settings, clock, readers);
  const broker = {
    partitions: settings.partitions,
    prepare: log.prepare,
    away: watchConnection(settings.connection, (refusal) => {
      for (const reader of readers.values()) reader.noteRefusal(refusal);
    }),
    mistakes: log.mistakes,
    cells: natsCells(settings),
    log,
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
      if (entry === null) return undefined;
      // One that was removed has a revision, after which it can be written again.
      return { value: entry.operation === 'PUT' ? jsonOrText(entry.string()) : undefined, revision: entry.revision };
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

/** One stream per partition; a position is a sequence. `readers`: gets the last of each. */
function natsLog(
  settings: NatsSettings,
  clock: Clock,
  readers: Map<number, NatsReader>,
): PartitionLog & Required<Pick<Broker, 'prepare' | 'mistakes'>> {
  const { connection, channel } = settings;
  let manager: JetStreamManager | undefined;
  /** When each stream was made, as last asked for. */
  const created = new Map<number, string>();
  /** What was wrong with each of them. */
  const mistakes = new Map<number, readonly string[]>();
  const prepared = (): JetStreamManager => {
    if (manager === undefined) throw new SluiceError('not-running', 'the streams were not prepared');
    return manager;
  };
  const infoOf = async (partition: number): Promise<StreamInfo> => {
    const name = streamName(channel, partition);
    const { streams } = prepared();
    const info = await streams.info(name).catch((error) => throwTold(error, name));
    mistakes.set(partition, mistakesInStream(name, info.config, streamConfig(settings, partition)));
    return info;
  };
  return {
    async prepare() {
      manager = await prepareStreams(settings);
    },
    async mistakes() {
      const name = bucketName(channel);
      const { config } = await prepared().streams.info(`KV_${name}`);
      return [...mistakes.values(), mistakesInBucket(name, config, settings.replicas)].flat();
    },
    async ends(partition, position) {
      const { state, created: at } = await infoOf(partition);
      const log = String(at);
      created.set(partition, log);
      const isThere = position > 0 && position >= state.first_seq && position <= state.last_seq;
      const name = streamName(channel, partition);
      const message = isThere ? await prepared().streams.getMessage(name, { seq: position }) : null;
      const frame = message === null ? undefined : nanosOf(message.timestamp);
      return { first: Math.max(state.first_seq, 1), last: state.last_seq, log, frame };
    },
    last: async (partition) => (await infoOf(partition)).state.last_seq,
    open(partition, after) {
      const stream = streamName(channel, partition);
      const log = created.get(partition) ?? '';
      const reader = new NatsReader({ connection, manager: prepared(), clock, stream, from: { after }, log });
      readers.set(partition, reader);
      return reader;
    },
    async trim(partition, position) {
      const name = streamName(channel, partition);
      await prepared()
        .streams.purge(name, { seq: position })
        .catch((error) => throwTold(error, name));
    },
  };
}

/** `2026-01-02T03:04:05.67Z` as nanoseconds since 1970, which is how the server dates a message that it delivers. */
function nanosOf(timestamp: string): string {
  const [, second = '', fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(timestamp) ?? [];
  return `${Date.parse(`${second}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
}
