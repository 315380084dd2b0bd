import type { Partition } from '../channel/partition.ts';
import { WaitingOffers } from '../channel/waiting-offers.ts';
import { joinOrigin, type Origin } from '../core/origin.ts';
import { ACCEPTED, type Outcome, REJECTED } from '../core/outcome.ts';
import type { ChannelEntry, Place } from './channel-entry.ts';

/**
 * The channels that share a data type. All of them take a message in, or none does: one that is full, tripped or not
 * running refuses for all, and is the only one that counts the refusal. What is `invalid` for one is a dead letter of that
 * channel alone. While one offer waits for room, all later messages of the data type wait behind it.
 */
export class FanOut {
  private members: readonly ChannelEntry[];
  private readonly offers = new WaitingOffers(() => this.admitOffers());
  /** Of the place that the first offer waits for. */
  private stopWaiting: (() => void) | undefined;
  private isAdmitting = false;

  constructor(members: readonly ChannelEntry[]) {
    this.members = members;
  }

  get channels(): readonly ChannelEntry[] {
    return this.members;
  }

  get name(): string {
    return this.members.map(({ name }) => name).join(', ');
  }

  get partitions(): readonly Partition[] {
    return this.members.flatMap(({ partitions }) => partitions);
  }

  /** From now on these share the data type; what waits goes to them. */
  change(members: readonly ChannelEntry[]): void {
    this.members = members;
  }

  /** A single channel is left: what waits is offered to that one. */
  endWith(channel: ChannelEntry): void {
    this.stopWaiting?.();
    const places = new Set<Place['inbox']>();
    this.offers.moveTo((message) => {
      const { inbox } = channel.placeOf(message);
      places.add(inbox);
      return inbox.offers;
    });
    for (const inbox of places) inbox.admitOffers();
  }

  /** Takes a message in, or says why not. `isPayload`: it was validated before. */
  accept(message: unknown, isPayload?: boolean): Outcome {
    const places = this.placesOf(message);
    // An offer that waits is not overtaken.
    const behind = this.offers.size === 0 ? undefined : (this.blockedAmong(places, message) ?? places[0]);
    if (behind !== undefined && !isRefused(places)) return behind.inbox.reject('mailbox-full', message);
    return this.take(places, message, isPayload, undefined);
  }

  /** As `accept`, but waits for room. */
  offer(message: unknown, signal?: AbortSignal, origin?: Origin): Outcome | Promise<Outcome> {
    const places = this.placesOf(message);
    const mustWait = this.offers.size > 0 || this.blockedAmong(places, message) !== undefined;
    if (!mustWait || isRefused(places)) return this.take(places, message, false, origin);
    const outcome = this.offers.add(message, signal, undefined, origin);
    if (this.offers.size === 1) this.admitOffers();
    return outcome;
  }

  /** Lets waiting offers in, oldest first, until one has to wait for room. */
  private admitOffers(): void {
    if (this.isAdmitting) return;
    this.isAdmitting = true;
    this.stopWaiting?.();
    this.stopWaiting = undefined;
    for (let offer = this.offers.first; offer !== undefined; offer = this.offers.first) {
      const { message, origin, answer } = offer;
      const places = this.placesOf(message);
      const blocked = isRefused(places) ? undefined : this.blockedAmong(places, message);
      if (blocked !== undefined) {
        this.stopWaiting = blocked.inbox.offers.addCall(() => this.admitOffers());
        break;
      }
      this.offers.shift();
      answer(this.take(places, message, false, origin));
    }
    this.isAdmitting = false;
  }

  private placesOf(message: unknown): readonly Place[] {
    return this.members.map((channel) => channel.placeOf(message));
  }

  private blockedAmong(places: readonly Place[], message: unknown): Place | undefined {
    return places.find(({ inbox, key }) => inbox.isBlocked(message, key));
  }

  /** Everything that may run code of the host comes before the first mailbox gets the message, or after the last has it. */
  private take(
    places: readonly Place[],
    message: unknown,
    isPayload: boolean | undefined,
    origin: Origin | undefined,
  ): Outcome {
    const { valid, invalid } = check(places, message, isPayload);
    for (const { inbox } of places) {
      const { refusal } = inbox;
      if (refusal !== undefined) return inbox.reject(refusal, message);
    }
    const full = valid.find(({ inbox, payload, key }) => inbox.isBlocked(payload, key));
    if (full !== undefined) return full.inbox.reject('mailbox-full', message);
    const joined = origin && joinOrigin(origin, places.length);
    for (const { inbox, payload, key } of valid) inbox.put(payload, key, joined);
    for (const { inbox, error } of invalid) inbox.rejectInvalid(message, error, joined);
    for (const { inbox } of valid) inbox.wakeIfDue();
    return valid.length > 0 ? ACCEPTED : REJECTED.invalid;
  }
}

/** One of them takes nothing in now. */
function isRefused(places: readonly Place[]): boolean {
  return places.some(({ inbox }) => inbox.refusal !== undefined);
}

/** What each channel makes of a message, and which of them refuse it as invalid. */
function check(places: readonly Place[], message: unknown, isPayload: boolean | undefined) {
  const valid: (Place & { readonly payload: unknown })[] = [];
  const invalid: { readonly inbox: Place['inbox']; readonly error: unknown }[] = [];
  for (const { inbox, key } of places) {
    try {
      const payload = inbox.payloadOf(message, isPayload);
      valid.push({ inbox, payload, key: inbox.keyFor(payload, message, key) });
    } catch (error) {
      invalid.push({ inbox, error });
    }
  }
  return { valid, invalid };
}
