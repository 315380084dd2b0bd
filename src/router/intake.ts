import type { IntakeCount } from '../adapters/consume.ts';
import type { Services } from '../channel/services.ts';
import type { OptionNames } from '../config/options.ts';
import { type Outcome, REJECTED } from '../core/outcome.ts';
import type { Discriminator, Recognition } from '../core/recognition.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { ChannelEntry } from './channel-entry.ts';

/** How a message is handed over. */
export interface RouteOptions {
  /** The data type, when the caller knows it; recognition is skipped. */
  readonly dataType?: string;
}

/** How a message is offered. */
export interface OfferOptions extends RouteOptions {
  /** Takes a waiting offer back: the promise rejects with the signal's reason, and the message was never received. */
  readonly signal?: AbortSignal;
}

/** The names of these options. */
export const routeOptions: OptionNames<RouteOptions> = { dataType: true };
export const offerOptions: OptionNames<OfferOptions> = { ...routeOptions, signal: true };

/** The door of the router: finds the channel of each message. Nothing here throws because of a message. */
export class Intake {
  /** Channels by the data type they serve; changed by `serve`. */
  readonly registry = new Map<string, ChannelEntry>();
  /** The `ev` of messages that came, where that alone decides, and their channels: comparing a handful beats hashing. */
  private events: unknown[] = [];
  private served: ChannelEntry[] = [];
  private refused = 0;
  private readonly recognition: Recognition;
  private readonly services: Services;
  /** Undefined: no message is kept. */
  private readonly recorder: FlightRecorder | undefined;

  constructor(recognition: Recognition, services: Services, recorder: FlightRecorder | undefined) {
    this.recognition = recognition;
    this.services = services;
    this.recorder = recorder?.keepsMessages ? recorder : undefined;
  }

  /** How many messages no channel served. */
  get unroutable(): number {
    return this.refused;
  }

  /** From now on this channel serves the data type; undefined: none does. */
  serve(dataType: string, channel: ChannelEntry | undefined): void {
    if (channel === undefined) this.registry.delete(dataType);
    else this.registry.set(dataType, channel);
    this.forget();
  }

  /** From now on messages are told apart like this. */
  tellApart(discriminator: Discriminator): void {
    this.recognition.configure(discriminator);
    this.forget();
  }

  private forget(): void {
    this.events = [];
    this.served = [];
  }

  /** Undefined: no channel serves it. */
  channelOf(message: unknown, dataType?: string): ChannelEntry | undefined {
    if (dataType !== undefined) return this.registry.get(dataType);
    const event = eventOf(message);
    const { events } = this;
    for (let index = 0; index < events.length; index += 1) if (events[index] === event) return this.served[index];
    return this.find(message, event);
  }

  private find(message: unknown, event: unknown): ChannelEntry | undefined {
    const channel = this.registry.get(this.recognition.dataTypeOf(message) ?? '');
    if (channel !== undefined && typeof event === 'string' && this.recognition.decidesBy(event)) {
      this.events.push(event);
      this.served.push(channel);
    }
    return channel;
  }

  route(message: unknown, dataType?: string): Outcome {
    this.recorder?.keepMessage(message);
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.accept(message);
  }

  routeAll(messages: Iterable<unknown>, dataType?: string): IntakeCount {
    const count = { accepted: 0, rejected: 0 };
    for (const message of messages) count[this.route(message, dataType).status] += 1;
    return count;
  }

  /** A promise only when the message has to wait for room. */
  offer(message: unknown, { dataType, signal }: OfferOptions): Outcome | Promise<Outcome> {
    this.recorder?.keepMessage(message);
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.offer(message, signal);
  }

  /** A source that never waits would keep timers and sockets waiting: the event loop gets its turns. */
  async offerInTurn(message: unknown, options: OfferOptions): Promise<Outcome> {
    const { clock, scheduler } = this.services;
    if (scheduler.isSliceOver()) await new Promise<void>((resolve) => clock.setImmediate(resolve));
    options.signal?.throwIfAborted();
    return this.offer(message, options);
  }

  private refuse(message: unknown, dataType = this.recognition.dataTypeOf(message)): Outcome {
    this.refused += 1;
    const why = dataType === undefined ? this.recognition.why(message) : `no channel serves data type '${dataType}'`;
    this.services.keepDeadLetter(null, 'unknown-type', message, why, 0);
    this.services.bus.publish('message.rejected', { channel: null, reason: 'unknown-type', message });
    return REJECTED['unknown-type'];
  }
}

/** The `ev` of a message; undefined: it has none. Never throws; an array is no message itself. */
function eventOf(message: unknown): unknown {
  try {
    return Array.isArray(message) ? undefined : (message as { ev?: unknown } | null | undefined)?.ev;
  } catch {
    return undefined;
  }
}
