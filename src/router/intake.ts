import type { IntakeCount } from '../adapters/consume.ts';
import type { Services } from '../channel/services.ts';
import type { OptionNames } from '../config/options.ts';
import type { Origin } from '../core/origin.ts';
import { type Outcome, REJECTED, type RejectReason } from '../core/outcome.ts';
import type { Recognition } from '../core/recognition.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { FanOut } from './fan-out.ts';

/** How a message is handed over. */
export interface RouteOptions {
  /** The data type, when the caller knows it; recognition is skipped. */
  readonly dataType?: string;
}

/** One of several messages that was refused. */
export interface Refused {
  /** Its place among them, from 0. */
  readonly index: number;
  readonly reason: RejectReason;
  readonly message: unknown;
}

/** What became of several messages at the door. */
export interface RouteAllReport extends IntakeCount {
  /** Those that the caller still owns, in order. */
  readonly refused: readonly Refused[];
}

/** How a message is offered. */
export interface OfferOptions extends RouteOptions {
  /** Takes a waiting offer back: the promise rejects with the signal's reason, and the message was never received. */
  readonly signal?: AbortSignal;
}

/** The names of these options. */
export const routeOptions: OptionNames<RouteOptions> = { dataType: true };
export const offerOptions: OptionNames<OfferOptions> = { ...routeOptions, signal: true };

/** Where the messages of a data type go. */
type Destination = ChannelEntry | FanOut;

/** The door of the router: finds the channel of each message. Nothing here throws because of a message. */
export class Intake {
  /** By the data type they serve; changed by `serve`. */
  private readonly destinations = new Map<string, Destination>();
  /** The `ev` of messages that came, where that alone decides, and their channels: comparing a handful beats hashing. */
  private events: unknown[] = [];
  private served: Destination[] = [];
  private refused = 0;
  private ignoredCount = 0;
  private unwanted: ReadonlySet<unknown> = new Set();
  private readonly recognition: Recognition;
  private readonly services: Services;

  constructor(recognition: Recognition, services: Services) {
    this.recognition = recognition;
    this.services = services;
  }

  /** How many messages no channel served. */
  get unroutable(): number {
    return this.refused;
  }

  /** How many messages nobody wants. */
  get ignored(): number {
    return this.ignoredCount;
  }

  /** From now on messages of these types, or with such an `ev`, are only counted where no channel serves them. */
  ignore(types: readonly string[]): void {
    this.unwanted = new Set(types);
  }

  /** The channels by the data type they serve. */
  get registry(): ReadonlyMap<string, readonly ChannelEntry[]> {
    return new Map([...this.destinations].map(([dataType, destination]) => [dataType, channelsOf(destination)]));
  }

  /** From now on the channel serves its data type, beside others that do. */
  serve(channel: ChannelEntry): void {
    const { dataType } = channel.config;
    this.change(dataType, [...channelsOf(this.destinations.get(dataType)), channel]);
  }

  /** From now on nothing is routed to the channel. */
  withdraw(channel: ChannelEntry): void {
    const { dataType } = channel.config;
    const channels = channelsOf(this.destinations.get(dataType));
    if (channels.includes(channel))
      this.change(
        dataType,
        channels.filter((each) => each !== channel),
      );
  }

  /** From now on the successor has the place of a channel. */
  replace(channel: ChannelEntry, successor: ChannelEntry): void {
    const { dataType } = channel.config;
    const channels = channelsOf(this.destinations.get(dataType));
    if (dataType === successor.config.dataType && channels.includes(channel)) {
      this.change(
        dataType,
        channels.map((each) => (each === channel ? successor : each)),
      );
      return;
    }
    this.withdraw(channel);
    this.serve(successor);
  }

  private change(dataType: string, channels: readonly ChannelEntry[]): void {
    const before = this.destinations.get(dataType);
    const [first] = channels;
    if (first === undefined) this.destinations.delete(dataType);
    else if (channels.length === 1) this.destinations.set(dataType, first);
    else if (before instanceof FanOut) before.change(channels);
    else this.destinations.set(dataType, new FanOut(channels));
    if (before instanceof FanOut && first !== undefined && channels.length === 1) before.endWith(first);
    this.events = [];
    this.served = [];
  }

  /** Undefined: no channel serves it. */
  channelOf(message: unknown, dataType?: string): Destination | undefined {
    if (dataType !== undefined) return this.destinations.get(dataType);
    const event = eventOf(message);
    const { events } = this;
    for (let index = 0; index < events.length; index += 1) if (events[index] === event) return this.served[index];
    return this.find(message, event);
  }

  private find(message: unknown, event: unknown): Destination | undefined {
    const channel = this.destinations.get(this.recognition.dataTypeOf(message) ?? '');
    if (channel !== undefined && typeof event === 'string' && this.recognition.decidesBy(event)) {
      this.events.push(event);
      this.served.push(channel);
    }
    return channel;
  }

  route(message: unknown, dataType?: string): Outcome {
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.accept(message);
  }

  routeAll(messages: Iterable<unknown>, dataType?: string): RouteAllReport {
    const refused: Refused[] = [];
    let index = 0;
    for (const message of messages) {
      const outcome = this.route(message, dataType);
      if (outcome.status === 'rejected') refused.push({ index, reason: outcome.reason, message });
      index += 1;
    }
    return { accepted: index - refused.length, rejected: refused.length, refused };
  }

  /** A promise only when the message has to wait for room. `origin`: hears what becomes of it. */
  offer(message: unknown, { dataType, signal }: OfferOptions, origin?: Origin): Outcome | Promise<Outcome> {
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType, origin) : channel.offer(message, signal, origin);
  }

  /** A source that never waits would keep timers and sockets waiting: the event loop gets its turns. */
  async offerInTurn(message: unknown, options: OfferOptions, origin?: Origin): Promise<Outcome> {
    const { clock, scheduler } = this.services;
    if (scheduler.isSliceOver()) await new Promise<void>((resolve) => clock.setImmediate(resolve));
    options.signal?.throwIfAborted();
    return this.offer(message, options, origin);
  }

  private refuse(message: unknown, known?: string, origin?: Origin): Outcome {
    const dataType = known ?? this.recognition.dataTypeOf(message);
    if (dataType === null || this.unwanted.has(dataType ?? eventOf(message))) {
      this.ignoredCount += 1;
      return REJECTED.ignored;
    }
    this.refused += 1;
    const why = dataType === undefined ? this.recognition.why(message) : `no channel serves data type '${dataType}'`;
    this.services.keepDeadLetter(null, 'unknown-type', message, why, 0, origin);
    this.services.bus.publish('message.rejected', { channel: null, reason: 'unknown-type', message, error: why });
    return REJECTED['unknown-type'];
  }
}

/** An intake whose messages are recorded: a class of its own, so that others need not ask for each message. */
export class RecordedIntake extends Intake {
  private readonly recorder: FlightRecorder;

  constructor(recognition: Recognition, services: Services, recorder: FlightRecorder) {
    super(recognition, services);
    this.recorder = recorder;
  }

  override route(message: unknown, dataType?: string): Outcome {
    this.recorder.keepMessage(message);
    return super.route(message, dataType);
  }

  override offer(message: unknown, options: OfferOptions, origin?: Origin): Outcome | Promise<Outcome> {
    this.recorder.keepMessage(message);
    return super.offer(message, options, origin);
  }
}

function channelsOf(destination: Destination | undefined): readonly ChannelEntry[] {
  if (destination === undefined) return [];
  return destination instanceof FanOut ? destination.channels : [destination];
}

/** The `ev` of a message; undefined: it has none. Never throws; an array is no message itself. */
function eventOf(message: unknown): unknown {
  try {
    return Array.isArray(message) ? undefined : (message as { ev?: unknown } | null | undefined)?.ev;
  } catch {
    return undefined;
  }
}
