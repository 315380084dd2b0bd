import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { FRAME_BYTES_MAX } from '../journal/encode-message.ts';
import type { NatsSettings } from './nats-options.ts';
import { bucketName, mistakesInBucket, mistakesInStream, streamConfig, streamName } from './stream-config.ts';

/** The header of a frame, the commas between its messages, and what NATS puts before it. */
const BESIDE_FRAME_BYTES = 4 * 1024;

/** Creates the streams and the bucket that are missing, and checks the others. Rejects with all mistakes at once. */
export async function prepareStreams(settings: NatsSettings): Promise<JetStreamManager> {
  const { connection, channel, partitions } = settings;
  const manager = await jetstreamOf(connection);
  const streams = Array.from({ length: partitions }, (_, partition) => partition);
  const make = (partition: number) =>
    prepareStream(manager, streamName(channel, partition), streamConfig(settings, partition));
  const bucket = prepareBucket(settings);
  const checks = streams.map((partition) => checkStream(manager, settings, partition));
  let mistakes = (await Promise.all([...checks, checkNoMore(manager, settings)])).flat();
  // A process that is refused has made no stream. If two of different layouts make the channel at once, its first stream decides.
  for (const some of [streams.slice(0, 1), streams.slice(1)])
    if (mistakes.length === 0) mistakes = (await Promise.all(some.map(make))).flat();
  mistakes = [...mistakes, ...(await bucket), ...mistakesInServer(connection)];
  if (mistakes.length === 0) return manager;
  throw new SluiceError('invalid-config', `channel ${channel} cannot be used:\n  ${mistakes.join('\n  ')}`);
}

export function jetstreamOf(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection).catch((error) => {
    const cure = error instanceof Error && error.name === 'JetStreamNotEnabled' ? '; a server has it with -js' : '';
    throw new SluiceError('refused', `JetStream cannot be used: ${errorText(error)}${cure}`);
  });
}

/** Creates the stream if it is missing; resolves with what is wrong with it. */
export async function prepareStream(manager: JetStreamManager, name: string, wanted: Partial<StreamConfig>) {
  const config = await configOf(manager, name);
  if (config !== undefined) return mistakesInStream(name, config, wanted);
  try {
    await manager.streams.add({ name, ...wanted });
    return [];
  } catch (error) {
    // Another member may have made it a moment ago.
    const made = await configOf(manager, name);
    return made === undefined ? [`${name} cannot be made: ${errorText(error)}`] : mistakesInStream(name, made, wanted);
  }
}

async function checkStream(manager: JetStreamManager, settings: NatsSettings, partition: number) {
  const name = streamName(settings.channel, partition);
  const config = await configOf(manager, name);
  return config === undefined ? [] : mistakesInStream(name, config, streamConfig(settings, partition));
}

/** A stream beyond the last one: they were made for more partitions. */
async function checkNoMore(manager: JetStreamManager, settings: NatsSettings): Promise<readonly string[]> {
  const name = streamName(settings.channel, settings.partitions);
  if ((await configOf(manager, name)) === undefined) return [];
  return [`${name} is there: the streams were made for more than ${settings.partitions} partitions`];
}

/** A frame that is too large for the server would be refused again and again. */
function mistakesInServer({ info }: NatsConnection): readonly string[] {
  const needed = FRAME_BYTES_MAX + BESIDE_FRAME_BYTES;
  if (info === undefined || info.max_payload >= needed) return [];
  return [`max_payload of the server is ${info.max_payload} bytes, and must be at least ${needed}`];
}

async function prepareBucket({ connection, channel, replicas }: NatsSettings): Promise<readonly string[]> {
  const name = bucketName(channel);
  try {
    const bucket = await new Kvm(connection).create(name, { history: 1, replicas, allow_direct: false });
    return mistakesInBucket(name, (await bucket.status()).streamInfo.config, replicas);
  } catch (error) {
    return [`KV bucket ${name} cannot be made: ${errorText(error)}`];
  }
}

async function configOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof Error && error.name === 'StreamNotFoundError') return undefined;
    throw error;
  }
}
