import { type KV, Kvm } from '@nats-io/kv';
import type { CellEntry, Cells } from '../cluster/broker.ts';
import { isStale, throwTold } from './nats-error.ts';
import type { NatsSettings } from './nats-options.ts';
import { bucketName } from './stream-config.ts';

/** Cells in one KV bucket. */
export class NatsCells implements Cells {
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
