import { untilAborted } from '../adapters/until-aborted.ts';
import type { World } from '../channel/slot.ts';
import { ACCEPTED, type Outcome, rejected } from '../core/outcome.ts';
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

/** How many messages of a source were taken in. */
export interface IntakeCount {
  readonly accepted: number;
  readonly rejected: number;
}

type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** The door of the router: finds the channel of each message. Nothing here throws because of a message. */
export class Intake {
  /** Channels by the data type they serve. */
  readonly registry = new Map<string, Channel>();
  /** Messages that no channel serves. */
  unroutable = 0;
  readonly #recognition: Recognition;
  readonly #world: World;

  constructor(recognition: Recognition, world: World) {
    this.#recognition = recognition;
    this.#world = world;
  }

  /** Undefined: no channel serves it. */
  channelOf(message: unknown): Channel | undefined {
    return this.registry.get(this.#recognition.dataTypeOf(message) ?? '');
  }

  route(message: unknown, dataType = this.#recognition.dataTypeOf(message)): Outcome {
    const channel = this.registry.get(dataType ?? '');
    return channel === undefined ? this.#refuse(message, dataType) : channel.slotFor(message).accept(message);
  }

  routeAll(messages: Iterable<unknown>, dataType?: string): IntakeCount {
    let accepted = 0;
    let all = 0;
    for (const message of messages) {
      all += 1;
      if (this.route(message, dataType) === ACCEPTED) accepted += 1;
    }
    return { accepted, rejected: all - accepted };
  }

  /** A promise only when the message has to wait for room. */
  offer(
    message: unknown,
    { dataType = this.#recognition.dataTypeOf(message), signal }: OfferOptions,
  ): Outcome | Promise<Outcome> {
    const channel = this.registry.get(dataType ?? '');
    return channel === undefined ? this.#refuse(message, dataType) : channel.slotFor(message).offer(message, signal);
  }

  async consume(source: Source, options: OfferOptions): Promise<IntakeCount> {
    const count = { accepted: 0, rejected: 0 };
    const { signal } = options;
    try {
      for await (const element of signal === undefined ? source : untilAborted(source, signal)) {
        for (const message of Array.isArray(element) ? element : [element]) {
          const outcome = await this.#offerInTurn(message, options);
          count[outcome.status] += 1;
        }
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
    return count;
  }

  /** A source that never waits would keep timers and sockets waiting: the event loop gets its turns. */
  async #offerInTurn(message: unknown, options: OfferOptions): Promise<Outcome> {
    const { clock, turns } = this.#world;
    if (turns.isSliceOver()) await new Promise<void>((resolve) => clock.setImmediate(resolve));
    options.signal?.throwIfAborted();
    return this.offer(message, options);
  }

  #refuse(message: unknown, dataType: string | undefined): Outcome {
    this.unroutable += 1;
    const why = dataType === undefined ? this.#recognition.why(message) : `no channel serves data type '${dataType}'`;
    this.#world.keepDeadLetter(null, 'unknown-type', message, why, 0);
    this.#world.bus.publish('message.rejected', { channel: null, reason: 'unknown-type', message });
    return rejected('unknown-type');
  }
}
