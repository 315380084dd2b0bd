/** How a message ended for good. */
export type Settlement = 'delivered' | 'dead-lettered' | 'dropped' | 'conflated';

/** Why a message became a dead letter. */
export interface GivenUp {
  /** Null: no channel could be found for it. */
  readonly channel: string | null;
  readonly reason: string;
  readonly error: unknown;
}

/** One partition of a source for one stay of ownership. */
export interface SourceStay {
  readonly source: string;
  readonly partition: number;
  /** Grows with every stay of ownership. */
  readonly fence: number;
}

/** Where a message lies in the source that brought it. */
export interface SourcePlace extends SourceStay {
  readonly position: number;
}

/**
 * Where a message came from that wants to know when nothing more will happen to it. It travels beside the message through
 * mailbox, overflow, recovery, call and hand-over; what was routed without one has none and costs nothing.
 *
 * Of each message it hears one thing, once: that it is settled, or that its channel ended before that. Of a message that
 * was rejected it hears nothing, unless that made a dead letter. What it is told while the router works it may only note.
 */
export interface Origin {
  /** Who would bring its messages again, if they were not settled. Undefined: nobody; the message belongs to the host. */
  readonly source: unknown;
  /** Where its messages lie in a source; undefined: they come from none. */
  readonly place?: SourcePlace | undefined;
  /** The origin it tells, if it is that of a message in several channels. */
  readonly of?: Origin | undefined;
  /** Its stay has ended: the next owner of the partition brings the message again, so this router does not deliver it. */
  readonly isOver?: boolean | undefined;
  /** Nothing more will happen to the message. `letter`: what it became, if it was given up. Must not throw. */
  settled(how: Settlement, letter?: GivenUp): void;
  /** As `settled` for so many of its messages that were delivered; that of one message has it not. Must not throw. */
  deliveredMany?(count: number): void;
  /** A dead letter of the message is being written: `settled` follows when its store has it. Must not throw. */
  condemned?(): void;
  /** The id of the letter that the message becomes in that channel, the same each time. Left out: the id does not matter. */
  letterId?(channel: string | null): string | undefined;
  /** Its channel ended and had not delivered it (`returned`), or had it in a call that did not settle. Must not throw. */
  handedBack(how: 'returned' | 'unsettled'): void;
}

/** Those of several messages, in their order. */
export type Origins = readonly (Origin | undefined)[];

/**
 * The origin of a message that takes the place of one with the origin `before`. What the same source brings later
 * stands for what it brought before. Otherwise the superseded message is settled no sooner than the one that stands for
 * it: if the process dies before, nothing else would bring that value again.
 */
export function supersede(before: Origin, by: Origin | undefined): Origin | undefined {
  const open = allOf(before).filter((origin) => by === undefined || origin.source !== by.source);
  for (const origin of allOf(before)) if (!open.includes(origin)) origin.settled('conflated');
  return open.length === 0 ? by : new Superseding(by, open);
}

/** Whether the origin is this one or tells it, or is that of a message that stands for one of this. */
export function isFrom(origin: Origin | undefined, sought: Origin): boolean {
  return allOf(origin).some((each) => tells(each, sought));
}

/** Whether its stay has ended; of an origin that tells others, the stays of all. */
export function isOver(origin: Origin | undefined): boolean {
  return origin?.isOver === true;
}

function tells(origin: Origin, sought: Origin): boolean {
  return origin === sought || (origin.of !== undefined && tells(origin.of, sought));
}

function allOf(origin: Origin | undefined): readonly Origin[] {
  if (origin === undefined) return [];
  return origin instanceof Superseding ? [...allOf(origin.own), ...origin.superseded] : [origin];
}

/** Of a message that stands for those it superseded. */
class Superseding implements Origin {
  readonly own: Origin | undefined;
  readonly superseded: readonly Origin[];

  constructor(own: Origin | undefined, superseded: readonly Origin[]) {
    this.own = own;
    this.superseded = superseded;
  }

  get source(): unknown {
    return this.own?.source;
  }

  get place(): SourcePlace | undefined {
    return this.own?.place;
  }

  get isOver(): boolean {
    return [this.own, ...this.superseded].every(isOver);
  }

  settled(how: Settlement, letter?: GivenUp): void {
    this.own?.settled(how, letter);
    for (const origin of this.superseded) origin.settled('conflated');
  }

  condemned(): void {
    for (const origin of allOf(this)) origin.condemned?.();
  }

  letterId(channel: string | null): string | undefined {
    return this.own?.letterId?.(channel);
  }

  handedBack(how: 'returned' | 'unsettled'): void {
    for (const origin of allOf(this)) origin.handedBack(how);
  }
}

/** From the best to the worst that may become of a message: the worst stands for what became of it in several channels. */
const FATES = ['delivered', 'conflated', 'dropped', 'dead-lettered', 'returned', 'unsettled'] as const;
type Fate = (typeof FATES)[number];

/** The origin of a message that goes to so many channels: it hears one thing, once all of them have said theirs. */
export function joinOrigin(origin: Origin, channels: number): Origin {
  let open = channels;
  let worst = 0;
  let given: GivenUp | undefined;
  let letters = 0;
  let isCondemned = false;
  /** Nothing but letters is awaited. */
  const condemn = (): void => {
    if (isCondemned || letters === 0 || letters < open) return;
    isCondemned = true;
    origin.condemned?.();
  };
  const hear = (fate: Fate, letter?: GivenUp): void => {
    open -= 1;
    if (fate === 'dead-lettered' && letters > 0) letters -= 1;
    worst = Math.max(worst, FATES.indexOf(fate));
    given ??= letter;
    if (open > 0) return condemn();
    const how = FATES[worst] ?? fate;
    if (how === 'returned' || how === 'unsettled') origin.handedBack(how);
    else origin.settled(how, given);
  };
  return {
    source: origin.source,
    place: origin.place,
    of: origin,
    get isOver() {
      return isOver(origin);
    },
    settled: hear,
    handedBack: hear,
    condemned() {
      letters += 1;
      condemn();
    },
    letterId: (channel) => origin.letterId?.(channel),
  };
}
