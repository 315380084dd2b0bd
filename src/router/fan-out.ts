import type { Partition } from '../channel/partition.ts';
import { type Door, REFUSED_MAX, WaitingOffers } from '../channel/waiting-offers.ts';
import { joinOrigin, type Origin } from '../core/origin.ts';
import { ACCEPTED, type Outcome, REJECTED } from '../core/outcome.ts';
import type { ChannelEntry, Place } from './channel-entry.ts';

/** Where something goes: keys are read once, and turns are taken once. */
interface Placed {
  readonly what: unknown;
  readonly places: readonly Place[];
}

/**
 * The channels that share a data type. All of them take a message in, or none does: one that is full, tripped or not
 * running refuses for all, and is the only one that counts the refusal. What is `invalid` for one is a dead letter of that
 * channel alone. While one offer waits for room, all later messages of the data type wait behind it.
 */
export class FanOut implements Door {
  channels: readonly ChannelEntry[];
  private readonly offers = new WaitingOffers(this);
  /** Of the place that the first offer waits for. */
  private stopWaiting: (() => void) | undefined;
  private isAdmitting = false;
  /** Of the message that came last, and of the offer that is first. */
  private latest: Placed | undefined;
  private first: Placed | undefined;

  constructor(members: readonly ChannelEntry[]) {
    this.channels = members;
  }

  get name(): string {
    return this.channels.map(({ name }) => name).join(', ');
  }

  get partitions(): readonly Partition[] {
    return this.channels.flatMap(({ partitions }) => partitions);
  }

  /** The strictest of all. */
  get limits(): Door['limits'] {
    const configs = this.channels.map(({ config }) => config);
    const refuses = configs.some(({ whenFull }) => whenFull === 'reject');
    const waitingMax = Math.min(...configs.map((config) => config.waitingMax));
    return { waitingMax, whenFull: refuses ? 'reject' : 'wait' };
  }

  /** From now on these share the data type; what waits goes to them. */
  change(members: readonly ChannelEntry[]): void {
    this.channels = members;
    this.latest = undefined;
    this.first = undefined;
  }

  /** A single channel is left: what waits is offered to that one. */
  endWith(channel: ChannelEntry): void {
    this.stopWaiting?.();
    const inboxes = new Set<Place['inbox']>();
    this.offers.moveTo((message) => {
      const { inbox } = channel.placeOf(message);
      inboxes.add(inbox);
      return inbox.offers;
    });
    for (const inbox of inboxes) inbox.admitOffers();
  }

  /** Takes a message in, or says why not. `isPayload`: it was validated before. */
  accept(message: unknown, isPayload?: boolean, _known?: string, origin?: Origin): Outcome {
    const places = this.placesOf(message);
    // An offer that waits is not overtaken.
    if (this.offers.size > 0 && !isRefused(places)) return this.reject('mailbox-full', message);
    return this.take(places, message, isPayload, origin);
  }

  /** Each channel is asked. */
  takesPlain(): boolean {
    return false;
  }

  acceptRun(_messages: readonly unknown[], from: number): number {
    return from;
  }

  /** As `accept`, but waits for room. */
  offer(message: unknown, signal?: AbortSignal, origin?: Origin): Outcome | Promise<Outcome> {
    return this.offers.offer(message, signal, undefined, origin);
  }

  /** Where offers wait. */
  placeOf(): { readonly offers: WaitingOffers; readonly key: undefined } {
    return { offers: this.offers, key: undefined };
  }

  mustWait(message: unknown): boolean {
    const places = this.placesOf(message);
    return !isRefused(places) && (this.offers.size > 0 || blockedAmong(places, message) !== undefined);
  }

  enter(message: unknown, _: unknown, origin: Origin | undefined): Outcome {
    return this.take(this.placesOf(message), message, false, origin);
  }

  /** The channel that has no room counts it. */
  reject(reason: 'mailbox-full', message: unknown): Outcome {
    const places = this.placesOf(message);
    this.latest = undefined;
    const full = blockedAmong(places, message) ?? places[0];
    return full === undefined ? REJECTED[reason] : full.inbox.reject(reason, message);
  }

  /** Lets waiting offers in, oldest first, until one has to wait for room. */
  admitOffers(): void {
    if (this.isAdmitting) return;
    this.isAdmitting = true;
    try {
      this.admitUntilBlocked();
    } finally {
      this.isAdmitting = false;
    }
  }

  private admitUntilBlocked(): void {
    this.stopWaiting?.();
    this.stopWaiting = undefined;
    let left = REFUSED_MAX;
    for (let offer = this.offers.first; offer !== undefined; offer = this.offers.first) {
      const { message, origin, resolve } = offer;
      if (this.first?.what !== offer) this.first = { what: offer, places: this.placesOf(message) };
      const { places } = this.first;
      const closed = left > 0 ? undefined : places.find(({ inbox }) => !inbox.isOpen);
      const blocked = closed ?? (isRefused(places) ? undefined : blockedAmong(places, message));
      if (blocked !== undefined) {
        const again = (): void => this.admitOffers();
        this.stopWaiting = blocked.offers.addCall(again, () => this.offers.size);
        closed?.offers.refuseLater(closed.inbox.services.clock);
        return;
      }
      left -= 1;
      this.offers.shift();
      this.first = undefined;
      resolve(this.take(places, message, false, origin));
    }
  }

  private placesOf(message: unknown): readonly Place[] {
    if (this.latest === undefined || this.latest.what !== message)
      this.latest = { what: message, places: this.channels.map((channel) => channel.placeOf(message)) };
    return this.latest.places;
  }

  /** Everything that may run code of the host comes before the first mailbox gets the message, or after the last has it. */
  private take(places: readonly Place[], message: unknown, isPayload: boolean | undefined, origin: Origin | undefined) {
    this.latest = undefined;
    const { valid, invalid } = check(places, message, isPayload);
    for (const { inbox } of places) {
      const { refusal } = inbox;
      if (refusal !== undefined) return inbox.reject(refusal, message);
    }
    const full = valid.find(({ place, payload, key }) => place.inbox.isBlocked(payload, key));
    if (full !== undefined) return full.place.inbox.reject('mailbox-full', message);
    const joined = origin && joinOrigin(origin, places.length);
    for (const { place, payload, key } of valid) place.inbox.put(payload, key, joined);
    for (const { place, error } of invalid) place.inbox.reject('invalid', message, error, joined);
    for (const { place } of valid) place.inbox.wakeIfDue();
    return valid.length > 0 ? ACCEPTED : REJECTED.invalid;
  }
}

function blockedAmong(places: readonly Place[], message: unknown): Place | undefined {
  return places.find(({ inbox, key }) => inbox.isBlocked(message, key));
}

/** One of them takes nothing in now. */
function isRefused(places: readonly Place[]): boolean {
  return places.some(({ inbox }) => inbox.refusal !== undefined);
}

/** What each channel makes of a message, and which of them refuse it as invalid. */
function check(places: readonly Place[], message: unknown, isPayload: boolean | undefined) {
  const valid: { readonly place: Place; readonly payload: unknown; readonly key: string | undefined }[] = [];
  const invalid: { readonly place: Place; readonly error: unknown }[] = [];
  for (const place of places) {
    try {
      const payload = place.inbox.payloadOf(message, isPayload);
      valid.push({ place, payload, key: place.inbox.keyFor(payload, message, place.key) });
    } catch (error) {
      invalid.push({ place, error });
    }
  }
  return { valid, invalid };
}
