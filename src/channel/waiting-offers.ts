import { abortReason, throwIfAborted, whenAborted } from '../config/options.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';

/** So many waiting offers are refused in one turn of the event loop. */
export const REFUSED_MAX = 500;

/** The door that offers wait at. */
export interface Door {
  /** Of its configuration in force. */
  readonly limits: Pick<ChannelConfig, 'waitingMax' | 'whenFull'>;
  /** There is no room for such a message, or others wait for it. */
  mustWait(message: unknown): boolean;
  enter(message: unknown, key: string | undefined, origin: Origin | undefined): Outcome;
  reject(reason: 'mailbox-full', message: unknown): Outcome;
  /** An offer waits or was taken back, and its signal, code of the host, may have changed the door. */
  admitOffers(): void;
}

interface WaitingOffer {
  /** It is no offer: somebody wants to know that its turn has come, with so many that wait elsewhere. */
  readonly call?: () => void;
  readonly count?: () => number;
  readonly message: unknown;
  /** If it was read already. */
  readonly key: string | undefined;
  readonly origin?: Origin | undefined;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

/** The offers that one signal takes back. One listener serves them all: a signal looks through its listeners each time. */
interface SignalGroup {
  readonly offers: Set<WaitingOffer>;
  readonly unlisten: () => void;
}

const NO_STREAMS: readonly (() => void)[] = Object.freeze([]);

/** Offers that wait for room, in order of asking. */
export class WaitingOffers {
  readonly #door: Door;
  /** Undefined: none has waited yet. */
  #queue: Set<WaitingOffer> | undefined;
  /** Goes through the queue once: a set that is asked for its first element passes all that were deleted, every time. */
  #next: Iterator<WaitingOffer> | undefined;
  #groups: Map<AbortSignal, SignalGroup> | undefined;
  /** Streams that wait until the queue is within its bound. */
  #streams = NO_STREAMS;
  /** The first one, once it was asked for. */
  #head: WaitingOffer | undefined;
  #call: WaitingOffer | undefined;
  isRefusing = false;

  constructor(door: Door) {
    this.#door = door;
  }

  get size(): number {
    return this.#queue === undefined ? 0 : this.#queue.size;
  }

  get origins(): readonly (Origin | undefined)[] {
    return [...(this.#queue ?? [])].map(({ origin }) => origin);
  }

  /** As `accept` of the door, but waits for room. An abort takes the offer back: it was never received. */
  offer(message: unknown, signal: AbortSignal | undefined, key: string | undefined, origin?: Origin) {
    if (!this.#door.mustWait(message)) return this.#door.enter(message, key, origin);
    const { waitingMax } = this.#door.limits;
    return this.size < waitingMax
      ? this.#wait(message, signal, key, origin)
      : this.#door.reject('mailbox-full', message);
  }

  /** As `offer`, for a stream, which waits with its next message (`whenWithin`) while more wait here than may. */
  offerFromStream(message: unknown, signal: AbortSignal | undefined, key: string | undefined) {
    if (!this.#door.mustWait(message)) return this.#door.enter(message, key, undefined);
    if (this.#door.limits.whenFull === 'reject') return this.#door.reject('mailbox-full', message);
    return this.#wait(message, signal, key);
  }

  /** No more wait than may. */
  get isWithin(): boolean {
    return this.size <= this.#door.limits.waitingMax;
  }

  /** Calls once no more wait than may, or when the queue is moved. */
  whenWithin(call: () => void): void {
    this.#streams = this.#streams.concat(call);
  }

  /** Lets waiting streams go on if no more wait than may: that may be more after a reload. */
  wakeStreams(): void {
    if (this.isWithin) this.#callStreams();
  }

  /** The door was closed before very many of them: more are refused in the next turn of the event loop. */
  refuseLater(clock: Clock): void {
    if (this.isRefusing) return;
    this.isRefusing = true;
    clock.setImmediate(() => {
      this.isRefusing = false;
      this.#door.admitOffers();
    });
  }

  /** How many offers wait here, and elsewhere for this place. */
  get waiting(): number {
    return this.size + (this.#call?.count?.() ?? 1) - 1;
  }

  /** The offer that has waited longest; undefined when none waits. */
  get first(): WaitingOffer | undefined {
    if (this.#head !== undefined && this.#queue?.has(this.#head)) return this.#head;
    this.#next ??= this.#queue?.values();
    const result = this.#next?.next();
    if (result === undefined) return undefined;
    if (result.done !== true) {
      this.#head = result.value;
      return result.value;
    }
    // An iterator that came to an end does not see what is added later.
    this.#next = undefined;
    return this.size === 0 ? undefined : this.first;
  }

  /** Takes the offer that has waited longest; undefined when none waits. */
  shift(): WaitingOffer | undefined {
    const offer = this.first;
    if (offer !== undefined) this.#remove(offer);
    return offer;
  }

  /**
   * Calls when its turn comes, as that of an offer, or when the queue is moved; the returned function takes it out.
   * `count`: how many offers wait for that.
   */
  addCall(call: () => void, count: () => number): () => void {
    const nobody = (): void => {};
    const entry = {
      message: undefined,
      key: undefined,
      signal: undefined,
      resolve: nobody,
      reject: nobody,
      call,
      count,
    };
    this.#call = entry;
    this.#add(entry);
    return () => this.#remove(entry);
  }

  /** Moves all of them to the end of other queues. */
  moveTo(queueFor: (message: unknown, key: string | undefined) => WaitingOffers): void {
    for (const offer of [...(this.#queue ?? [])]) {
      this.#remove(offer);
      try {
        if (offer.call !== undefined) offer.call();
        else queueFor(offer.message, offer.key).#add(offer);
      } catch (error) {
        // Its signal cannot be listened to again.
        offer.reject(error);
      }
    }
    this.#callStreams();
  }

  #callStreams(): void {
    const streams = this.#streams;
    this.#streams = NO_STREAMS;
    for (const call of streams) call();
  }

  #wait(message: unknown, signal: AbortSignal | undefined, key: string | undefined, origin?: Origin): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#add({ message, key, origin, signal, resolve, reject });
      this.#door.admitOffers();
    });
  }

  #add(offer: WaitingOffer): void {
    // First: a signal that cannot be listened to, or aborted meanwhile, must not leave its offer here.
    if (offer.signal !== undefined) this.#join(offer, offer.signal);
    this.#queue ??= new Set();
    this.#queue.add(offer);
  }

  #join(offer: WaitingOffer, signal: AbortSignal): void {
    this.#groupOf(signal).offers.add(offer);
    try {
      // Code of the host ran since the offer was made: the key, and the signal itself.
      throwIfAborted(signal);
    } catch (error) {
      this.#leave(offer, signal);
      throw error;
    }
  }

  #leave(offer: WaitingOffer, signal: AbortSignal): void {
    const group = this.#groups?.get(signal);
    if (group?.offers.delete(offer) !== true || group.offers.size > 0) return;
    this.#groups?.delete(signal);
    group.unlisten();
  }

  #groupOf(signal: AbortSignal): SignalGroup {
    this.#groups ??= new Map();
    const known = this.#groups.get(signal);
    if (known !== undefined) return known;
    const offers = new Set<WaitingOffer>();
    const takeBack = (): void => {
      for (const offer of [...offers]) {
        this.#remove(offer);
        offer.reject(abortReason(signal));
      }
      this.#door.admitOffers();
    };
    // Each partition listens once.
    const group = { offers, unlisten: whenAborted(signal, takeBack) };
    this.#groups.set(signal, group);
    return group;
  }

  #remove(offer: WaitingOffer): void {
    this.#queue?.delete(offer);
    if (this.#call === offer) this.#call = undefined;
    if (offer.signal !== undefined) this.#leave(offer, offer.signal);
    if (this.#streams.length > 0) this.wakeStreams();
  }
}

/** Resolves when no waiting offer of these channels is still to be refused. */
export async function whenRefused(
  channels: readonly { readonly partitions: readonly { readonly inbox: { readonly offers: WaitingOffers } }[] }[],
  clock: Clock,
): Promise<void> {
  while (channels.some(({ partitions }) => partitions.some(({ inbox }) => inbox.offers.isRefusing)))
    await new Promise<void>((resolve) => void clock.setImmediate(resolve));
}
