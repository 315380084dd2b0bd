import { AckPolicy, type ConsumerConfig, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Source, SourceOwner } from '../core/source-port.ts';
import { watchConnection } from './connection-watch.ts';
import { jetstreamOf } from './prepare-streams.ts';
import { type NatsQueueOptions, type QueueSettings, queueSettings } from './queue-options.ts';
import { QueueStay } from './queue-stay.ts';
import { NANOS_PER_MS } from './stream-config.ts';

/**
 * A source on a stream that other programs fill, read by one durable consumer with an acknowledgement for each frame. Any
 * number of processes share it message by message, so it keeps less than `natsSource`: after a redelivery the order is
 * lost; there is no owner, so `fence` is the time of the start and refuses nobody; what retention removed is not seen as
 * a gap; and a message that kills the process comes again without end, because `takeovers` is always 0.
 */
export function natsQueue(options: NatsQueueOptions): Source {
  return natsQueueOn(createSystemClock(), options);
}

/** On any clock. */
export function natsQueueOn(clock: Clock, options: NatsQueueOptions): Source {
  return new NatsQueue(clock, queueSettings(options));
}

/** Of this process: two stays that begin in the same ms are told apart. */
let lastFence = 0;

class NatsQueue implements Source {
  readonly #clock: Clock;
  readonly #settings: QueueSettings;
  readonly #away: () => Error | undefined;
  #stay: QueueStay | undefined;
  /** What its user may not do; undefined: something was acknowledged since. */
  #refused: string | undefined;
  #isStarting = false;
  #closed: Promise<void> = Promise.resolve();

  constructor(clock: Clock, settings: QueueSettings) {
    this.#clock = clock;
    this.#settings = settings;
    const { connection, stream, consumer } = settings;
    this.#away = watchConnection(connection, (refusal) => {
      if (this.#stay?.reader.noteRefusal(refusal))
        this.#refused = `consumer ${consumer} of ${stream} cannot be used: ${refusal.message}`;
    });
  }

  async start(owner: SourceOwner): Promise<void> {
    const { stream, consumer } = this.#settings;
    if (this.#isStarting || this.#stay !== undefined)
      throw new SluiceError('refused', `consumer ${consumer} of ${stream} is started already: close it first`);
    this.#isStarting = true;
    try {
      const manager = await jetstreamOf(this.#settings.connection);
      await this.#prepare(manager);
      lastFence = Math.max(lastFence + 1, this.#clock.wallTime());
      const onAcknowledged = (): void => {
        this.#refused = undefined;
      };
      this.#stay = new QueueStay({ ...this.#settings, onAcknowledged }, manager, this.#clock, lastFence);
    } finally {
      this.#isStarting = false;
    }
    owner.assigned(this.#stay);
  }

  close(withinMs: number): Promise<void> {
    const stay = this.#stay;
    this.#stay = undefined;
    if (stay !== undefined) this.#closed = stay.end(withinMs);
    return this.#closed;
  }

  troubles() {
    return { unreachable: this.#stay && (this.#away()?.message ?? this.#refused), halted: undefined };
  }

  async #prepare(manager: JetStreamManager): Promise<void> {
    const { stream, consumer, subject, ackWaitMs, maxAckPending } = this.#settings;
    const wanted = {
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitMs * NANOS_PER_MS,
      max_ack_pending: maxAckPending,
      // A message that was delivered too often would be lost without a word.
      max_deliver: -1,
      ...(subject !== undefined && { filter_subject: subject }),
    } satisfies Partial<ConsumerConfig>;
    const is: Readonly<Record<string, unknown>> = { ...(await this.#configOf(manager, wanted)) };
    const mistakes = Object.entries({ deliver_subject: undefined, filter_subject: undefined, ...wanted })
      .filter(([field, value]) => is[field] !== value)
      .map(([field, value]) => {
        const must = value === undefined ? 'left out' : JSON.stringify(value);
        return `${field} is ${JSON.stringify(is[field])} and must be ${must}`;
      });
    const text = `consumer ${consumer} of ${stream} cannot be used:\n  ${mistakes.join('\n  ')}`;
    if (mistakes.length > 0) throw new SluiceError('invalid-config', text);
  }

  /** That of the consumer that is there; otherwise of the one that is made. */
  async #configOf(manager: JetStreamManager, wanted: Partial<ConsumerConfig>): Promise<ConsumerConfig> {
    const { stream, consumer } = this.#settings;
    try {
      const there = await manager.consumers.info(stream, consumer).catch(() => undefined);
      const config = { durable_name: consumer, deliver_policy: DeliverPolicy.All, ...wanted };
      return (there ?? (await manager.consumers.add(stream, config))).config;
    } catch (error) {
      const text = `consumer ${consumer} of ${stream} cannot be made: ${errorText(error)}`;
      throw new SluiceError('refused', text, { cause: error });
    }
  }
}
