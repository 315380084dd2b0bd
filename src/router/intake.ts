import type { Services } from '../channel/services.ts';
import type { WaitingOffers } from '../channel/waiting-offers.ts';
import type { OptionNames } from '../config/options.ts';
import { ACCEPTED, type Outcome, REJECTED } from '../core/outcome.ts';
import { isBytes, isList, listOf, type Recognition } from '../core/recognition.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { ChannelEntry } from './channel-entry.ts';

/** How many messages were taken in. */
export interface IntakeCount {
  readonly accepted: number;
  readonly rejected: number;
}

/** A message of a stream that waits for room. */
export interface Waiting {
  readonly channel: ChannelEntry;
  readonly offers: WaitingOffers;
  readonly outcome: Promise<Outcome>;
}

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
  private turning: Promise<void> | undefined = undefined;
  private readonly streams = new Set<{ readonly name: string }>();
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
    this.events = [];
    this.served = [];
  }

  /** Undefined: no channel serves it, or it is a list. */
  channelOf(message: unknown, dataType?: string): ChannelEntry | undefined {
    if (dataType !== undefined) return isList(message) ? undefined : this.registry.get(dataType);
    const event = eventOf(message);
    const { events } = this;
    for (let index = 0; index < events.length; index += 1) if (events[index] === event) return this.served[index];
    return this.find(message, event);
  }

  private find(message: unknown, event: unknown): ChannelEntry | undefined {
    if (isList(message)) return undefined;
    const channel = this.registry.get(this.recognition.dataTypeOf(message) ?? '');
    if (channel !== undefined && typeof event === 'string' && this.recognition.decidesBy(event)) {
      this.events.push(event);
      this.served.push(channel);
    }
    return channel;
  }

  /** Of a list, each message is routed; the outcome is the first refusal, if there is one. */
  route(message: unknown, dataType?: string): Outcome {
    const channel = this.channelOf(message, dataType);
    if (channel === undefined) return this.routeOther(message, dataType);
    this.recorder?.keepMessage(message);
    return channel.accept(message);
  }

  routeAll(messages: Iterable<unknown>, dataType?: string): IntakeCount {
    const count = { accepted: 0, rejected: 0 };
    // Text and bytes are one element, which no channel takes; nobody means their characters.
    for (const element of isBytes(messages) ? [messages] : messages) {
      for (const message of this.messagesIn(element, dataType) ?? [element])
        count[this.routeOne(message, dataType).status] += 1;
    }
    return count;
  }

  /** A promise only when the message has to wait for room. Of a list, each message is offered, as by `route`. */
  offer(message: unknown, options: OfferOptions): Outcome | Promise<Outcome> {
    const messages = this.messagesIn(message, options.dataType);
    if (messages === undefined) return this.offerOne(message, options);
    const answers = messages.map((each) => this.offerOne(each, options));
    return Promise.all(answers).then(firstRefusal);
  }

  /** As `offer`, but a sender that never waits would keep timers and sockets waiting: the event loop gets its turns. */
  async offerInTurn(message: unknown, options: OfferOptions): Promise<Outcome> {
    const outcome = await this.offer(message, options);
    if (this.services.scheduler.isSliceOver()) await this.turn();
    return outcome;
  }

  /** As `offer`, for a stream of messages of several channels. */
  offerFromStream(message: unknown, { dataType, signal }: OfferOptions): Outcome | Waiting {
    this.recorder?.keepMessage(message);
    const channel = this.channelOf(message, dataType);
    if (channel === undefined) return this.refuse(message, dataType);
    const { key, offers } = channel.placeOf(message);
    const outcome = offers.offerFromStream(message, signal, key);
    return outcome instanceof Promise ? { channel, offers, outcome } : outcome;
  }

  /** The messages of a list; undefined: it is one message. A list may begin with something broken. */
  messagesIn(element: unknown, dataType: string | undefined): readonly unknown[] | undefined {
    const messages = listOf(element);
    if (messages !== undefined || dataType !== undefined) return messages;
    const others = listOf(element, true);
    return others === undefined || this.recognition.dataTypeOf(element) !== undefined ? undefined : others;
  }

  /** Resolves when the event loop has turned; one promise for all that wait for it. */
  turn(): Promise<void> {
    this.turning ??= new Promise((resolve) => {
      this.services.clock.setImmediate(() => {
        this.turning = undefined;
        resolve();
      });
    });
    return this.turning;
  }

  /** A stream waits until the channel has room, with all that is behind in it; ends with the returned function. */
  streamWaits({ name }: ChannelEntry): () => void {
    const wait = { name };
    this.streams.add(wait);
    return () => void this.streams.delete(wait);
  }

  /** The channels for which streams wait. */
  get waitedFor(): readonly string[] {
    return [...new Set([...this.streams].map(({ name }) => name))];
  }

  private routeOther(message: unknown, dataType: string | undefined): Outcome {
    const messages = this.messagesIn(message, dataType);
    if (messages !== undefined) return firstRefusal(messages.map((each) => this.routeOne(each, dataType)));
    this.recorder?.keepMessage(message);
    return this.refuse(message, dataType);
  }

  /** A list in a list is no message. */
  private routeOne(message: unknown, dataType: string | undefined): Outcome {
    this.recorder?.keepMessage(message);
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.accept(message);
  }

  private offerOne(message: unknown, { dataType, signal }: OfferOptions): Outcome | Promise<Outcome> {
    this.recorder?.keepMessage(message);
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.offer(message, signal);
  }

  private refuse(message: unknown, dataType = this.recognition.dataTypeOf(message)): Outcome {
    this.refused += 1;
    const why = dataType === undefined ? this.recognition.why(message) : `no channel serves data type '${dataType}'`;
    this.services.keepDeadLetter(null, 'unknown-type', message, why, 0);
    this.services.bus.publish('message.rejected', { channel: null, reason: 'unknown-type', message });
    return REJECTED['unknown-type'];
  }
}

/** Of a list: accepted if each of its messages was. */
function firstRefusal(outcomes: readonly Outcome[]): Outcome {
  return outcomes.find(({ status }) => status === 'rejected') ?? ACCEPTED;
}

/** The `ev` of a message; undefined: it has none. Never throws; an array is no message itself. */
function eventOf(message: unknown): unknown {
  try {
    return Array.isArray(message) ? undefined : (message as { ev?: unknown } | null | undefined)?.ev;
  } catch {
    return undefined;
  }
}
