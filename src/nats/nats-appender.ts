import { jetstream } from '@nats-io/jetstream';
import type { Appender } from '../cluster/broker.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { isFull, throwTold } from './nats-error.ts';
import type { NatsSettings } from './nats-options.ts';
import { streamName, subjectOf } from './stream-config.ts';

const ANSWER_MS = 2_000;

/** Publishes each frame with an id, which the server knows for two minutes, and waits for its answer. */
export function natsAppender({ connection, channel }: NatsSettings): Appender {
  const client = jetstream(connection);
  return {
    async append(partition, frame, msgID) {
      const expect = { streamName: streamName(channel, partition) };
      try {
        await client.publish(subjectOf(channel, partition), frame, { msgID, timeout: ANSWER_MS, expect });
      } catch (error) {
        if (isFull(error))
          throw new SluiceError('store-full', `${streamName(channel, partition)} is full`, { cause: error });
        throwTold(error, streamName(channel, partition));
      }
    },
  };
}
