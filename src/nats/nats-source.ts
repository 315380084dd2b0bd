import { type KV, Kvm } from '@nats-io/kv';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { CellEntry, Cells } from '../cluster/broker.ts';
import { clusterOptionNames } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { unlikely } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { watchConnection } from './connection-watch.ts';
import { isStale, throwTold } from './nats-error.ts';
import { NatsLog } from './nats-log.ts';
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

/** Cells in one KV bucket. */
class NatsCells implements Cells {
  readonly #settings: NatsSettings;
  #bucket: Promise<KV> | undefined;

  constructor(settings: NatsSettings) {
    this.#settings = settings;
  }

  async read(key: string): Promise<CellEntry | undefined> {
    const entry = await (await this.#open()).get(key).catch((error) => throwTold(error, this.#name));
    return entry?.operation === 'PUT' ? { value: entry.json(), revision: entry.revision } : undefined;
  }

  async write(key: string, value: unknown, revision: number): Promise<number | 'stale'> {
    try {
      return await (await this.#open()).put(key, JSON.stringify(value), { previousSeq: revision });
    } catch (error) {
      if (isStale(error)) return 'stale';
      throwTold(error, this.#name);
    }
  }

  get #name(): string {
    return `KV bucket ${bucketName(this.#settings.channel)}`;
  }

  #open(): Promise<KV> {
    const { connection, channel } = this.#settings;
    // Without direct get the leader answers; any other server may be behind.
    this.#bucket ??= new Kvm(connection).open(bucketName(channel), { allow_direct: false });
    return this.#bucket;
  }
}
