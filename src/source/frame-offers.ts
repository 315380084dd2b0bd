import type { Clock } from '../core/clock.ts';
import type { NextChange } from '../core/next-change.ts';
import type { Origin } from '../core/origin.ts';
import type { Outcome, RejectReason } from '../core/outcome.ts';
import type { Assigned, Frame, MessagePlace } from '../core/source-port.ts';
import type { AckLedger } from './ack-ledger.ts';
import type { FrameOrigin } from './frame-origin.ts';
import type { WindowLimits } from './read-window.ts';
import type { DoorOptions, ReadFault, SourceDoor } from './source-door.ts';

/** A message that no channel takes in now is offered again after so many ms. */
const AGAIN_MS = 100;
/** From so many takeovers at one position on, the process seems to die of a message. */
const TAKEOVERS_MAX = 3;
const MARK_WITHIN_MS = 5_000;

/** What brings messages to the door is made of. */
export interface OfferParts {
  readonly clock: Clock;
  readonly door: SourceDoor;
  readonly dataType: string | undefined;
  /** As many frames as the window has may have been out when the last owner died. */
  readonly limits: WindowLimits;
}

/** One stay, as far as offers know it. `stopped`: no offer begins any more. */
export interface OfferStay {
  readonly assigned: Assigned;
  readonly ledger: AckLedger;
  readonly changes: NextChange;
  readonly stopped: AbortSignal;
  /** Another owner has the partition. */
  lost(): void;
}

/**
 * Brings the messages of frames to the router's door, in order, and waits for room there. Where the process seems to die
 * of a message it brings one at a time, and marks each before; the one it died in becomes a dead letter.
 */
export class FrameOffers {
  private readonly parts: OfferParts;
  private readonly stay: OfferStay;
  private readonly options: DoorOptions;
  private frames = 0;
  /** Why the message that is next was not taken in the last time; undefined: none was refused. */
  refusedAs: RejectReason | undefined = undefined;

  constructor(parts: OfferParts, stay: OfferStay) {
    this.parts = parts;
    this.stay = stay;
    const { dataType } = parts;
    this.options = { signal: stay.stopped, ...(dataType !== undefined && { dataType }) };
  }

  /** Brings all messages of a frame; returns early when offering was stopped, and the frame is held then. */
  async offer(frame: Frame, origin: FrameOrigin): Promise<void> {
    if (this.stay.stopped.aborted) return;
    const { position } = frame;
    const { marked } = this.stay.assigned;
    const isCareful = this.isCareful(position);
    const crashedIn = marked?.position === position ? marked.index : -1;
    const messages = this.decode(frame, origin);
    const isPlain = !isCareful && crashedIn === -1;
    for (let index = 0; index < messages.length; index += 1) {
      if (isPlain) {
        const pause = this.parts.door.pause();
        if (pause !== undefined) await pause;
        if (this.stay.stopped.aborted) return;
        const next = this.takePlain(messages, index, origin);
        if (next > index) {
          index = next - 1;
          continue;
        }
      }
      const own = this.parts.door.keepsLetters ? origin.at(index) : origin;
      if (index === crashedIn) this.condemn(messages[index], 'crashed', new Error(CRASHED), origin, own);
      else {
        if (isCareful && !(await this.mark({ position, index }))) return;
        const isTaken = this.bring(messages[index], origin, own);
        if (isTaken !== true && !(await isTaken)) return;
      }
      if (isCareful) await this.until(() => this.stay.ledger.isQuiet);
      if (this.stay.stopped.aborted && index < messages.length - 1) return;
    }
    origin.offered();
    this.frames += 1;
    if (isCareful) await this.commit(position);
  }

  /** Frames that may have been out when the process died; once its last message is known, those up to its own. */
  private isCareful(position: number): boolean {
    const { marked, takeovers } = this.stay.assigned;
    if (takeovers < TAKEOVERS_MAX) return false;
    return marked === undefined ? this.frames < this.parts.limits.frames : position <= marked.position;
  }

  /** Takes in what needs nothing but room, until it is time to look up; returns the next message. */
  private takePlain(messages: readonly unknown[], from: number, origin: FrameOrigin): number {
    const { dataType, door } = this.parts;
    origin.goOut(messages.length - from);
    const next = door.takePlain(messages, from, dataType, origin);
    origin.comeBack(messages.length - next);
    return next;
  }

  /** The messages of a frame; none for one whose bytes say nothing, which is a dead letter. */
  private decode(frame: Frame, origin: FrameOrigin): readonly unknown[] {
    try {
      const messages = frame.messages();
      origin.begin(messages.length);
      return messages;
    } catch (error) {
      origin.begin(1);
      this.condemn(frame.bytes, 'undecodable', error, origin, origin.at(0));
      return [];
    }
  }

  /** True, perhaps later: it was taken in, or is a dead letter by now. False: offering was stopped. */
  private bring(message: unknown, origin: FrameOrigin, own: Origin): boolean | Promise<boolean> {
    origin.goOut();
    const outcome = this.parts.door.offer(message, this.options, own);
    if (!(outcome instanceof Promise) && isTaken(outcome, origin)) return true;
    return this.bringAgain(message, origin, own, outcome);
  }

  /** A channel that is not running, or whose breaker is open, takes it in later. */
  private async bringAgain(message: unknown, origin: FrameOrigin, own: Origin, first: Outcome | Promise<Outcome>) {
    const { clock, door } = this.parts;
    const { stopped } = this.stay;
    let outcome: Outcome | Promise<Outcome> = first;
    for (;;) {
      // An offer that was taken back rejects; it was never received.
      const settled = await Promise.resolve(outcome).catch(() => undefined);
      if (settled !== undefined && isTaken(settled, origin)) break;
      origin.comeBack();
      this.refusedAs = settled?.status === 'rejected' ? settled.reason : undefined;
      const again = clock.now() + AGAIN_MS;
      await this.until(() => clock.now() >= again, AGAIN_MS);
      if (stopped.aborted) return false;
      origin.goOut();
      outcome = door.offer(message, this.options, own);
    }
    this.refusedAs = undefined;
    return true;
  }

  private condemn(message: unknown, reason: ReadFault, error: unknown, origin: FrameOrigin, own: Origin): void {
    origin.goOut();
    this.parts.door.condemn(message, reason, error, own);
  }

  /** Says before the message is begun which one it is. False: offering was stopped. */
  private async mark(place: MessagePlace): Promise<boolean> {
    const { assigned, stopped } = this.stay;
    for (;;) {
      const outcome = await assigned.mark(place, MARK_WITHIN_MS).catch(() => 'unknown' as const);
      if (outcome === 'lost') this.stay.lost();
      if (stopped.aborted) return false;
      if (outcome === 'kept') return true;
      await this.until(() => false, AGAIN_MS);
    }
  }

  /** Everything up to the position is committed, so that a crash does not bring it again. */
  private async commit(position: number): Promise<void> {
    const { ledger } = this.stay;
    ledger.commitNow();
    await this.until(() => (ledger.heldFrames()[0]?.position ?? Number.POSITIVE_INFINITY) > position);
  }

  /** Until it holds, offering is stopped, or the time is over. */
  private async until(holds: () => boolean, ms?: number): Promise<void> {
    const { changes, stopped } = this.stay;
    const endsAt = ms === undefined ? Number.POSITIVE_INFINITY : this.parts.clock.now() + ms;
    while (!holds() && !stopped.aborted && this.parts.clock.now() < endsAt) await changes.wait(ms);
  }
}

const CRASHED = 'the process died while it had this message, after it had died several times at this place';

/** A channel has it, or it is a dead letter, or nobody wants it. Otherwise a channel may take it in later. */
function isTaken(outcome: Outcome, origin: FrameOrigin): boolean {
  if (outcome.status === 'accepted') return true;
  // Of a message that is only counted nobody else tells.
  if (outcome.reason === 'ignored') origin.settled();
  return outcome.reason === 'ignored' || outcome.reason === 'invalid' || outcome.reason === 'unknown-type';
}
