import { createSystemClock } from '../adapters/system-clock.ts';
import { Publisher, type PublisherOptions } from '../cluster/publisher.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import { checkOptions } from '../config/options.ts';
import { natsAppender } from './nats-appender.ts';
import { layoutNames, type NatsLayout, natsSettings } from './nats-options.ts';
import { prepareStreams } from './prepare-streams.ts';

/** How messages are published to NATS. */
export interface NatsPublisherOptions<Message> extends NatsLayout, PublisherOptions<Message> {}

/** Publishes messages in frames to the streams of a channel, which it makes if they are missing. */
export function createNatsPublisher<Message>(options: NatsPublisherOptions<Message>): Publisher<Message> {
  checkOptions('createNatsPublisher', options, { ...layoutNames, key: true, lingerMs: true });
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
