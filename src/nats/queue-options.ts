import type { NatsConnection } from '@nats-io/transport-node';
import { checkWhole } from '../cluster/cluster-options.ts';
import { checkOptions } from '../config/options.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { checkConnection } from './nats-options.ts';

/** How a stream that is there already is read. */
export interface NatsQueueOptions {
  /** A connection of `@nats-io/transport-node`; the host closes it after everything that uses it. */
  readonly connection: NatsConnection;
  readonly stream: string;
  /** The durable consumer that all processes share. It is made if it is missing, and begins with the first message then. */
  readonly consumer: string;
  /** Reads only these subjects of the stream; all by default. */
  readonly subject?: string;
  /** What nobody acknowledged or extended for so long is delivered again, perhaps to another process; 30,000 ms by default. */
  readonly ackWaitMs?: number;
  /** How many frames all processes together may have read and not acknowledged; 1,000 by default. */
  readonly maxAckPending?: number;
  /** The messages of one message of the stream; by default it is one, as JSON. What it throws makes one dead letter. */
  readonly decode?: (bytes: Uint8Array) => readonly unknown[];
}

/** The same, checked and filled in. */
export type QueueSettings = Required<Omit<NatsQueueOptions, 'subject'>> & Pick<NatsQueueOptions, 'subject'>;

export function queueSettings(options: NatsQueueOptions): QueueSettings {
  checkOptions('natsQueue', options, {
    connection: true,
    stream: true,
    consumer: true,
    subject: true,
    ackWaitMs: true,
    maxAckPending: true,
    decode: true,
  });
  const { connection, stream, consumer, ackWaitMs = 30_000, maxAckPending = 1_000, decode = oneMessage } = options;
  checkConnection(connection);
  for (const [name, value] of Object.entries({ stream, consumer }))
    if (typeof value !== 'string' || !/^[^\s.*>/\\]+$/.test(value))
      throw invalidOption(`${name} must be a name of NATS, got '${String(value)}'`);
  checkWhole('ackWaitMs', ackWaitMs, 100, 1e9);
  checkWhole('maxAckPending', maxAckPending, 1, 1e6);
  if (typeof decode !== 'function') throw invalidOption('decode must be a function');
  return { ...options, ackWaitMs, maxAckPending, decode };
}

function oneMessage(bytes: Uint8Array): readonly unknown[] {
  return [JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))];
}
