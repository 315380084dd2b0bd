import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { LogEnds, LogReader, PartitionLog } from '../cluster/broker.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { throwTold } from './nats-error.ts';
import type { NatsSettings } from './nats-options.ts';
import { NatsReader } from './nats-reader.ts';
import { streamName } from './stream-config.ts';

/** One stream per partition; the position of a frame is its sequence. */
export class NatsLog implements PartitionLog {
  readonly #settings: NatsSettings;
  readonly #clock: Clock;
  /** When each stream was made, as last asked for. */
  readonly #created = new Map<number, string>();
  #manager: JetStreamManager | undefined;

  constructor(settings: NatsSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  use(manager: JetStreamManager): void {
    this.#manager = manager;
  }

  async ends(partition: number, position: number): Promise<LogEnds> {
    const name = streamName(this.#settings.channel, partition);
    const { state, created } = await this.#infoOf(partition);
    const log = String(created);
    this.#created.set(partition, log);
    const isThere = position > 0 && position >= state.first_seq && position <= state.last_seq;
    const message = isThere ? await this.#prepared.streams.getMessage(name, { seq: position }) : null;
    const frame = message === null ? undefined : nanosOf(message.timestamp);
    return { first: Math.max(state.first_seq, 1), last: state.last_seq, log, frame };
  }

  async last(partition: number): Promise<number> {
    return (await this.#infoOf(partition)).state.last_seq;
  }

  open(partition: number, after: number): LogReader {
    const { connection, channel } = this.#settings;
    const log = this.#created.get(partition) ?? '';
    const stream = streamName(channel, partition);
    return new NatsReader({ connection, manager: this.#prepared, clock: this.#clock, stream, from: { after }, log });
  }

  async trim(partition: number, position: number): Promise<void> {
    await this.#prepared.streams.purge(streamName(this.#settings.channel, partition), { seq: position });
  }

  #infoOf(partition: number): Promise<StreamInfo> {
    const name = streamName(this.#settings.channel, partition);
    return this.#prepared.streams.info(name).catch((error) => throwTold(error, name));
  }

  get #prepared(): JetStreamManager {
    if (this.#manager === undefined) throw new SluiceError('not-running', 'the streams were not prepared');
    return this.#manager;
  }
}

/** `2026-01-02T03:04:05.67Z` as nanoseconds since 1970, which is how the server dates a message that it delivers. */
function nanosOf(timestamp: string): string {
  const [, second = '', fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(timestamp) ?? [];
  return `${Date.parse(`${second}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
}
