import type { Services } from '../channel/services.ts';
import type { WaitingOffers } from '../channel/waiting-offers.ts';
import { checkOptions } from '../config/options.ts';
import { errorText } from '../core/error-text.ts';
import type { Origin } from '../core/origin.ts';
import { ACCEPTED, type Outcome, REJECTED, type RejectReason } from '../core/outcome.ts';
import { listOf } from '../core/recognition.ts';
import type { FrameOrigin } from '../source/frame-origin.ts';
import type { Destinations } from './destinations.ts';
import { elementsOf } from './elements.ts';
import { ListOffers } from './list-offers.ts';
import { type OfferOptions, type RouteOptions, routeOptions } from './offer-options.ts';

/** How many messages were taken in. */
export interface IntakeCount {
  readonly accepted: number;
  readonly rejected: number;
}

/** A message of a stream that waits for room. */
export interface Waiting {
  readonly channel: { readonly name: string };
  readonly offers: WaitingOffers;
  readonly outcome: Promise<Outcome>;
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

const notIterable = (kind: string): string =>
  `routeAll: the messages must be an iterable, got ${kind}; consume takes an asynchronous one`;

/** The door of the router: hands each message to its channel. Nothing here throws because of a message. */
export class Intake {
  /** How many messages no channel served. */
  unroutable = 0;
  /** How many messages nobody wants. */
  ignored = 0;
  private unwanted: ReadonlySet<unknown> = new Set();
  private readonly streams = new Set<{ readonly name: string }>();
  readonly destinations: Destinations;
  private readonly services: Services;
  /** Notes a stack overflow. It is called where the stack is used up, and so without a function of ours around it. */
  private readonly overflowed: () => void;
  private readonly lists = new ListOffers(() => this.pause());

  constructor(destinations: Destinations, services: Services, overflowed: () => void) {
    this.destinations = destinations;
    this.services = services;
    this.overflowed = overflowed;
  }

  /** From now on messages of these types, or with such a value in the field that tells them apart, are only counted where no channel serves them. */
  ignore(types: readonly string[]): void {
    this.unwanted = new Set(types);
  }

  /** Of a list, each message is routed; the outcome is the first refusal, if there is one. */
  route(message: unknown, dataType?: string): Outcome {
    try {
      return this.take(message, dataType);
    } catch (error) {
      // Only a stack overflow comes here.
      if (error instanceof RangeError) this.overflowed();
      throw error;
    }
  }

  routeAll(messages: Iterable<unknown>, options: RouteOptions = {}): RouteAllReport {
    checkOptions('routeAll', options, routeOptions);
    const { dataType } = options;
    const refused: Refused[] = [];
    let index = 0;
    try {
      for (const element of elementsOf(messages, [Symbol.iterator], notIterable)) {
        for (const message of this.messagesIn(element, dataType) ?? [element]) {
          const outcome = this.routeOne(message, dataType);
          if (outcome.status === 'rejected') refused.push({ index, reason: outcome.reason, message });
          index += 1;
        }
      }
    } catch (error) {
      // That of the iterable, or a stack overflow.
      if (error instanceof RangeError) this.overflowed();
      throw error;
    }
    return { accepted: index - refused.length, rejected: refused.length, refused };
  }

  /** Returns a promise for a list, and when there is something to wait for. What has an `origin` is one message, no list. */
  offer(message: unknown, options: OfferOptions, origin?: Origin): Outcome | Promise<Outcome> {
    if (origin !== undefined) return this.offerOne(message, options, origin);
    const messages = this.messagesIn(message, options.dataType);
    if (this.lists.isUnderWay) return this.lists.after(() => this.offer(messages ?? message, options), options.signal);
    if (messages === undefined) return this.offerOne(message, options);
    return this.lists.offer(messages, (each) => this.offerOne(each, options), options.signal);
  }

  /**
   * Takes messages of a frame in from one on, while they need nothing but room and the slice lasts. Returns the next one,
   * which is to be offered. `areApart`: each has an origin of its own.
   */
  takePlain(
    messages: readonly unknown[],
    from: number,
    dataType: string | undefined,
    origin: FrameOrigin,
    areApart: boolean,
  ): number {
    const { scheduler } = this.services;
    for (let index = from; index < messages.length; index += 1) {
      const message = messages[index];
      const channel = this.destinations.channelOf(message, dataType);
      if (channel?.takesPlain(message, areApart ? origin.at(index) : origin) !== true) return index;
      // A channel of priority 1 has made a call meanwhile.
      if (scheduler.isOver()) return index + 1;
    }
    return messages.length;
  }

  /** Takes messages of one data type in from one on while they need nothing but room. Returns the next one, which is to be routed. */
  routeRun(messages: readonly unknown[], from: number, to: number, dataType: string): number {
    try {
      // Once for all of a frame.
      if (from === 0) this.services.scheduler.clock.share();
      return this.destinations.channelOf(messages[from], dataType)?.acceptRun(messages, from, to) ?? from;
    } catch (error) {
      if (error instanceof RangeError) this.overflowed();
      throw error;
    }
  }

  /** As `offer`, but a sender that never waits would keep timers and sockets waiting: the event loop gets its turns. */
  async offerInTurn(message: unknown, options: OfferOptions, origin?: Origin): Promise<Outcome> {
    try {
      const outcome = await this.offer(message, options, origin);
      await this.pause();
      return outcome;
    } catch (error) {
      if (error instanceof RangeError) this.overflowed();
      throw error;
    }
  }

  /** Once the slice is over: resolves when the event loop has turned. */
  pause(): Promise<void> | undefined {
    return this.services.scheduler.pause();
  }

  /** As `offer`, for a stream of messages of several channels. */
  offerFromStream(message: unknown, { dataType, signal }: OfferOptions): Outcome | Waiting {
    const channel = this.destinations.channelOf(message, dataType);
    if (channel === undefined) return this.refuse(message, dataType);
    const { key, offers } = channel.placeOf(message);
    const outcome = offers.offerFromStream(message, signal, key);
    return outcome instanceof Promise ? { channel, offers, outcome } : outcome;
  }

  /**
   * The messages of a list, in an array of our own, for the caller may use its array again; undefined: it is one message. A
   * list may begin with something broken.
   */
  messagesIn(element: unknown, dataType: string | undefined): readonly unknown[] | undefined {
    const messages = listOf(element);
    if (messages !== undefined || dataType !== undefined) return messages;
    const others = listOf(element, true);
    return others === undefined || this.destinations.recognition.dataTypeOf(element) !== undefined ? undefined : others;
  }

  /** A stream waits until the channel has room, with all that is behind in it; ends with the returned function. */
  streamWaits({ name }: { readonly name: string }): () => void {
    const wait = { name };
    this.streams.add(wait);
    return () => void this.streams.delete(wait);
  }

  /** The channels for which streams wait. */
  get waitedFor(): readonly string[] {
    return [...new Set([...this.streams].map(({ name }) => name))];
  }

  protected take(message: unknown, dataType?: string): Outcome {
    const channel = this.destinations.channelOf(message, dataType);
    return channel === undefined ? this.routeOther(message, dataType) : channel.accept(message);
  }

  private routeOther(message: unknown, dataType: string | undefined): Outcome {
    const messages = this.messagesIn(message, dataType);
    if (messages === undefined) return this.routeOne(message, dataType);
    const outcomes = messages.map((each) => this.routeOne(each, dataType));
    return outcomes.find(({ status }) => status === 'rejected') ?? ACCEPTED;
  }

  /** A list in a list is no message. */
  protected routeOne(message: unknown, dataType: string | undefined): Outcome {
    const channel = this.destinations.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.accept(message);
  }

  protected offerOne(message: unknown, options: OfferOptions, origin?: Origin): Outcome | Promise<Outcome> {
    const { dataType, signal } = options;
    const channel = this.destinations.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType, origin) : channel.offer(message, signal, origin);
  }

  private refuse(message: unknown, known?: string, origin?: Origin): Outcome {
    const { recognition } = this.destinations;
    const dataType = known ?? recognition.dataTypeOf(message);
    if (dataType === null || this.unwanted.has(dataType) || this.unwanted.has(recognition.valueIn(message))) {
      this.ignored += 1;
      return REJECTED.ignored;
    }
    this.unroutable += 1;
    // A caller without types may hand over anything, also what no template takes.
    const named = `no channel serves data type '${typeof dataType === 'string' ? dataType : errorText(dataType)}'`;
    const why = dataType === undefined ? recognition.why(message) : named;
    const { bus, keepDeadLetter } = this.services;
    bus.changes.during(() => {
      keepDeadLetter(null, 'unknown-type', message, why, 0, origin);
      bus.publish('message.rejected', { channel: null, reason: 'unknown-type', message, error: why });
    });
    return REJECTED['unknown-type'];
  }
}
