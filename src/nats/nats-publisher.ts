import { jetstream } from '@nats-io/jetstream';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { Appender } from '../cluster/broker.ts';
import { Publisher, type PublisherOptions, publisherOptionNames } from '../cluster/publisher.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { isFull, throwTold } from './nats-error.ts';
import { layoutNames, type NatsLayout, type NatsSettings, natsSettings } from './nats-options.ts';
import { prepareStreams } from './prepare-streams.ts';
import { streamName, subjectOf } from './stream-config.ts';

/** How messages are published to NATS. */
export interface NatsPublisherOptions<Message> extends NatsLayout, PublisherOptions<Message> {}

/** Publishes messages in frames to the streams of a channel, which it makes if they are missing. */
export function createNatsPublisher<Message>(options: NatsPublisherOptions<Message>): Publisher<Message> {
  checkOptions('createNatsPublisher', options, { ...layoutNames, ...publisherOptionNames });
  const settings = natsSettings(options);
  const parts = {
    appender: natsAppender(settings),
    clock: createSystemClock(),
    partitions: settings.partitions,
    producer: unlikelyName(),
    prepare: async () => void (await prepareStreams(settings)),
  };
  return new Publisher(parts, options);
}

const ANSWER_MS = 2_000;

/** Publishes each frame with an id, which the server knows for two minutes, and waits for its answer. */
function natsAppender({ connection, channel }: NatsSettings): Appender {
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
