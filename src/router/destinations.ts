import { type Discriminator, isList, type Recognition } from '../core/recognition.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { FanOut } from './fan-out.ts';

/** Where the messages of a data type go. */
export type Destination = ChannelEntry | FanOut;

/** Which channels serve which data type, and so where a message goes. Nothing here throws because of a message. */
export class Destinations {
  readonly recognition: Recognition;
  private readonly byType = new Map<string, Destination>();
  /** The `ev` of messages that came, where that alone decides, and their channels: comparing a handful beats hashing. */
  private events: unknown[] = [];
  private served: Destination[] = [];

  constructor(recognition: Recognition) {
    this.recognition = recognition;
  }

  /** All messages are of one data type. */
  get isOne(): boolean {
    return this.byType.size === 1;
  }

  /** The channels by the data type they serve. */
  get all(): ReadonlyMap<string, readonly ChannelEntry[]> {
    return new Map([...this.byType.keys()].map((dataType) => [dataType, this.channelsFor(dataType)]));
  }

  /** From now on the channel serves its data type, beside others that do. */
  serve(channel: ChannelEntry): void {
    const { dataType } = channel.config;
    this.change(dataType, [...this.channelsFor(dataType), channel]);
  }

  /** From now on nothing is routed to the channel. */
  withdraw(channel: ChannelEntry): void {
    const { dataType } = channel.config;
    const channels = this.channelsFor(dataType);
    const others = channels.filter((each) => each !== channel);
    if (others.length < channels.length) this.change(dataType, others);
  }

  /** From now on the successor has the place of a channel. */
  replace(channel: ChannelEntry, successor: ChannelEntry): void {
    const { dataType } = channel.config;
    const channels = this.channelsFor(dataType);
    if (dataType === successor.config.dataType && channels.includes(channel)) {
      const changed = channels.map((each) => (each === channel ? successor : each));
      return this.change(dataType, changed);
    }
    this.withdraw(channel);
    this.serve(successor);
  }

  /** From now on messages are told apart like this. */
  tellApart(discriminator: Discriminator): void {
    this.recognition.configure(discriminator);
    this.learnAnew();
  }

  /** Undefined: no channel serves it, or it is a list. */
  channelOf(message: unknown, dataType?: string): Destination | undefined {
    if (dataType !== undefined) return isList(message) ? undefined : this.byType.get(dataType);
    const event = eventOf(message);
    const { events } = this;
    for (let index = 0; index < events.length; index += 1) if (events[index] === event) return this.served[index];
    return this.find(message, event);
  }

  private find(message: unknown, event: unknown): Destination | undefined {
    if (isList(message)) return undefined;
    const channel = this.byType.get(this.recognition.dataTypeOf(message) ?? '');
    if (channel !== undefined && typeof event === 'string' && this.recognition.decidesBy(event)) {
      this.events.push(event);
      this.served.push(channel);
    }
    return channel;
  }

  private channelsFor(dataType: string): readonly ChannelEntry[] {
    const destination = this.byType.get(dataType);
    if (destination === undefined) return [];
    return destination instanceof FanOut ? destination.channels : [destination];
  }

  private change(dataType: string, channels: readonly ChannelEntry[]): void {
    const before = this.byType.get(dataType);
    const [first] = channels;
    if (first === undefined) this.byType.delete(dataType);
    else if (channels.length === 1) this.byType.set(dataType, first);
    else if (before instanceof FanOut) before.change(channels);
    else this.byType.set(dataType, new FanOut(channels));
    if (before instanceof FanOut && first !== undefined && channels.length === 1) before.endWith(first);
    this.learnAnew();
  }

  private learnAnew(): void {
    this.events = [];
    this.served = [];
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
