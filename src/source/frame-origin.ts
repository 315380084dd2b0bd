import type { Origin, SourcePlace, SourceStay } from '../core/origin.ts';

/**
 * Where a frame is that was read and is not committed; it is in exactly one of these places. `reader`: nothing of it was
 * offered yet · `offers`: its messages are being offered · `channels`: all were offered, and some are not settled ·
 * `letters`: all that are not settled are dead letters that are being written · `settled`: it waits for its commit, or
 * for a frame before it.
 */
const PLACES = ['reader', 'offers', 'channels', 'letters', 'settled'] as const;
export type Place = (typeof PLACES)[number];

/** How many of these frames are in each place. */
export function placesOf(frames: readonly { readonly where: Place }[]): Readonly<Record<Place, number>> {
  // Object.fromEntries widens the keys.
  const places = Object.fromEntries(PLACES.map((place) => [place, 0])) as Record<Place, number>;
  for (const { where } of frames) places[where] += 1;
  return places;
}

/** Hears of the messages of its frames. */
export interface FrameListener {
  readonly stay: SourceStay;
  /** The stay has ended. */
  readonly isOver: boolean;
  /** One frame more, or with -1 one fewer, has messages out: offered and not settled. */
  out(change: 1 | -1): void;
  /** Nothing of the frame is open any more. */
  done(): void;
  /** A channel ended and had a message that is not settled. */
  handedBack(): void;
}

/** One frame of one stay: counts its messages that are not settled. */
export class FrameOrigin implements Origin {
  readonly position: number;
  readonly bytes: number;
  /** In ms on the clock. */
  readonly readAt: number;
  private readonly listener: FrameListener;
  private stage: 'read' | 'offering' | 'offered' = 'read';
  private open = 0;
  private outNow = 0;
  /** Dead letters of its messages that are being written. */
  letters = 0;

  constructor(listener: FrameListener, position: number, bytes: number, readAt: number) {
    this.listener = listener;
    this.position = position;
    this.bytes = bytes;
    this.readAt = readAt;
  }

  /** Its stay: what that brings later stands for what it brought before. */
  get source(): unknown {
    return this.listener;
  }

  get place(): SourcePlace {
    return { ...this.listener.stay, position: this.position };
  }

  get isOver(): boolean {
    return this.listener.isOver;
  }

  get where(): Place {
    if (this.stage === 'read') return 'reader';
    if (this.stage === 'offering') return 'offers';
    if (this.open === 0) return 'settled';
    return this.letters >= this.open ? 'letters' : 'channels';
  }

  get isDone(): boolean {
    return this.stage === 'offered' && this.open === 0;
  }

  /** So many messages of it are to be offered. */
  begin(messages: number): void {
    this.stage = 'offering';
    this.open = messages;
  }

  /** All its messages were offered. */
  offered(): void {
    this.stage = 'offered';
    if (this.open === 0) this.listener.done();
  }

  /** Messages go out, to a channel or to become dead letters. */
  goOut(count = 1): void {
    if (this.outNow === 0) this.listener.out(1);
    this.outNow += count;
  }

  /** Messages are out no more. At first because no channel took them: they are with the reader again. */
  comeBack(count = 1): void {
    if (count === 0) return;
    this.outNow -= count;
    if (this.outNow === 0) this.listener.out(-1);
  }

  /** Of one of its messages: for a router whose letters last, and must be told apart. */
  at(index: number): Origin {
    return new MessageOrigin(this, index);
  }

  settled(): void {
    this.deliveredMany(1);
  }

  deliveredMany(count: number): void {
    if (this.open === 0) return;
    this.open -= count;
    // First: when nothing is out any more, the last commit may follow at once.
    if (this.isDone) this.listener.done();
    this.comeBack(count);
  }

  handedBack(): void {
    this.comeBack();
    this.listener.handedBack();
  }
}

/** One message of a frame: the frame hears of it, and its letter has the same id whenever it comes again. */
class MessageOrigin implements Origin {
  readonly of: FrameOrigin;
  private readonly index: number;
  private isCondemned = false;

  constructor(frame: FrameOrigin, index: number) {
    this.of = frame;
    this.index = index;
  }

  get source(): unknown {
    return this.of.source;
  }

  get place(): SourcePlace {
    return this.of.place;
  }

  get isOver(): boolean {
    return this.of.isOver;
  }

  letterId(channel: string | null): string {
    const { source, partition, position } = this.of.place;
    return [source, partition, position, this.index, ...(channel === null ? [] : [channel])].join('/');
  }

  condemned(): void {
    this.isCondemned = true;
    this.of.letters += 1;
  }

  settled(): void {
    if (this.isCondemned) this.of.letters -= 1;
    this.of.settled();
  }

  handedBack(): void {
    this.of.handedBack();
  }
}
