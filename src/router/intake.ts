import type { IntakeCount } from '../adapters/consume.ts';
import type { World } from '../channel/world.ts';
import { type Outcome, REJECTED } from '../core/outcome.ts';
import type { Recognition } from '../core/recognition.ts';
import type { Channel } from './channel.ts';

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

/** An `ev` that came, and the channel of its messages: there are a handful, and comparing a few costs less than hashing one. */
interface Known {
  readonly event: string;
  readonly channel: Channel;
  readonly next: Known | undefined;
}

/** The door of the router: finds the channel of each message. Nothing here throws because of a message. */
export class Intake {
  /** Channels by the data type they serve; changed by `serve`. */
  readonly registry = new Map<string, Channel>();
  /** In the order in which they came first: who comes often comes early. */
  private known: Known | undefined;
  /** Messages that no channel serves. */
  unroutable = 0;
  private readonly recognition: Recognition;
  private readonly world: World;

  constructor(recognition: Recognition, world: World) {
    this.recognition = recognition;
    this.world = world;
  }

  /** From now on this channel serves the data type; undefined: none does. */
  serve(dataType: string, channel: Channel | undefined): void {
    if (channel === undefined) this.registry.delete(dataType);
    else this.registry.set(dataType, channel);
    this.known = undefined;
  }

  /** Undefined: no channel serves it. */
  channelOf(message: unknown, dataType?: string): Channel | undefined {
    if (dataType !== undefined) return this.registry.get(dataType);
    const event = eventOf(message);
    for (let { known } = this; known !== undefined; known = known.next) {
      if (known.event === event) return known.channel;
    }
    return this.find(message, event);
  }

  private find(message: unknown, event: unknown): Channel | undefined {
    const channel = this.registry.get(this.recognition.dataTypeOf(message) ?? '');
    if (channel !== undefined && typeof event === 'string' && this.recognition.decidesBy(event)) {
      this.known = learned(this.known, event, channel);
    }
    return channel;
  }

  route(message: unknown, dataType?: string): Outcome {
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
    const channel = this.channelOf(message, dataType);
    return channel === undefined ? this.refuse(message, dataType) : channel.offer(message, signal);
  }

  /** A source that never waits would keep timers and sockets waiting: the event loop gets its turns. */
  async offerInTurn(message: unknown, options: OfferOptions): Promise<Outcome> {
    const { clock, turns } = this.world;
    if (turns.isSliceOver()) await new Promise<void>((resolve) => clock.setImmediate(resolve));
    options.signal?.throwIfAborted();
    return this.offer(message, options);
  }

  private refuse(message: unknown, dataType = this.recognition.dataTypeOf(message)): Outcome {
    this.unroutable += 1;
    const why = dataType === undefined ? this.recognition.why(message) : `no channel serves data type '${dataType}'`;
    this.world.keepDeadLetter(null, 'unknown-type', message, why, 0);
    this.world.bus.publish('message.rejected', { channel: null, reason: 'unknown-type', message });
    return REJECTED['unknown-type'];
  }
}

/** One more at the end of the list. */
function learned(known: Known | undefined, event: string, channel: Channel): Known {
  if (known === undefined) return { event, channel, next: undefined };
  return { event: known.event, channel: known.channel, next: learned(known.next, event, channel) };
}

/** What a message says that it is; undefined: nothing. Whatever it is, it may be asked; a list is no message itself. */
function eventOf(message: unknown): unknown {
  try {
    return Array.isArray(message) ? undefined : (message as { ev?: unknown } | null | undefined)?.ev;
  } catch {
    return undefined;
  }
}
