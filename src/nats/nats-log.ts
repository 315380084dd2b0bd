import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { PartitionLog } from '../cluster/broker.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { throwTold } from './nats-error.ts';
import type { NatsSettings } from './nats-options.ts';
import { NatsReader } from './nats-reader.ts';
import { streamName } from './stream-config.ts';

/** One stream per partition; the position of a frame is its sequence. `made`: undefined until the streams were prepared. */
export function natsLog(settings: NatsSettings, clock: Clock, made: () => JetStreamManager | undefined): PartitionLog {
  const { connection, channel } = settings;
  /** When each stream was made, as last asked for. */
  const created = new Map<number, string>();
  const prepared = (): JetStreamManager => {
    const manager = made();
    if (manager === undefined) throw new SluiceError('not-running', 'the streams were not prepared');
    return manager;
  };
  const infoOf = (partition: number): Promise<StreamInfo> => {
    const name = streamName(channel, partition);
    return prepared()
      .streams.info(name)
      .catch((error) => throwTold(error, name));
  };
  return {
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
      return new NatsReader({ connection, manager: prepared(), clock, stream, from: { after }, log });
    },
    async trim(partition, position) {
      await prepared().streams.purge(streamName(channel, partition), { seq: position });
    },
  };
}

/** `2026-01-02T03:04:05.67Z` as nanoseconds since 1970, which is how the server dates a message that it delivers. */
function nanosOf(timestamp: string): string {
  const [, second = '', fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(timestamp) ?? [];
  return `${Date.parse(`${second}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
}
