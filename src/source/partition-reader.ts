import type { SourceEvent } from '../../machines/source.ts';
import { NextChange } from '../core/next-change.ts';
import type { Assigned, CommitOutcome } from '../core/source-port.ts';
import { AckLedger } from './ack-ledger.ts';
import { FrameOffers, type OfferParts } from './frame-offers.ts';
import { roomIn, type WindowLimit } from './read-window.ts';

/** How much of the time to give a partition back may pass until what is out has ended. */
const DRAIN_SHARE = 0.8;

/** A read that brought nothing at once is followed by another so many ms later. */
const EMPTY_MS = 50;

/** Only the source can bring those messages again, and does so after it was started anew. */
const TAKEN_OUT = 'a channel ended that had messages of this source: they are read again';

/** How a stay ended. */
export type StayEnd = 'released' | 'lost' | 'closed';

/** What a reader is made of, and whom it tells what. */
export interface ReaderParts extends OfferParts {
  /** The name of the source. */
  readonly source: string;
  /** Brings an event to the source's statechart. */
  send(event: SourceEvent): void;
  /** Positions were removed before they were read. */
  gap(partition: number, from: number, to: number): void;
  ended(reader: PartitionReader, how: StayEnd, why: string | undefined): void;
}

/**
 * Reads one partition for one stay: pulls frames while its window has room, has their messages offered in order, and
 * lets the ledger commit what is settled. Not to read is all the back-pressure that a source needs.
 */
export class PartitionReader {
  readonly assigned: Assigned;
  readonly ledger: AckLedger;
  readonly offers: FrameOffers;
  private readonly parts: ReaderParts;
  private readonly stop = new AbortController();
  private readonly changes: NextChange;
  /** Of one read each, so that a source's listeners go with the read. */
  private reading = new AbortController();
  private hasBegun = false;
  private hasEnded = false;
  private isGoing = false;
  /** By what its window is full; undefined: it has room. */
  fullBy: WindowLimit | undefined = undefined;
  private releasing: Promise<void> | undefined = undefined;
  private readonly onLost = (): void => {
    if (this.hasEnded) return;
    const { aborted, reason } = this.assigned.lost;
    const isText = typeof reason === 'string';
    this.end('lost', undefined, isText ? reason : undefined);
    // What aborts without a reason has an `AbortError`.
    if (aborted && !isText && reason?.name !== 'AbortError') this.parts.send({ type: 'source.failed', error: reason });
  };

  constructor(assigned: Assigned, parts: ReaderParts) {
    const { clock } = parts;
    this.assigned = assigned;
    this.parts = parts;
    this.changes = new NextChange(clock);
    this.ledger = new AckLedger({
      clock,
      stay: { source: parts.source, partition: assigned.partition, fence: assigned.fence },
      commit: (position, withinMs) => assigned.commit(position, withinMs),
      committed: () => this.changes.notify(),
      quieted: () => {
        this.changes.notify();
        parts.send({ type: 'source.quieted' });
      },
      lost: this.onLost,
      handedBack: () => {
        if (!this.stop.signal.aborted) parts.send({ type: 'source.failed', error: new Error(TAKEN_OUT) });
      },
    });
    const { changes, ledger } = this;
    const stay = { assigned, ledger, changes, stopped: this.stop.signal, lost: this.onLost };
    this.offers = new FrameOffers(parts, stay);
    assigned.lost.addEventListener('abort', this.onLost);
  }

  /** It is being given back. */
  get isRevoking(): boolean {
    return this.isGoing && !this.hasEnded;
  }

  /** Reads until `hold` or the end of the stay. */
  begin(): void {
    if (this.hasBegun || this.stop.signal.aborted) return;
    this.hasBegun = true;
    this.run().catch((error) => {
      if (!this.hasEnded) this.parts.send({ type: 'source.failed', error });
    });
  }

  /** No read and no offer begins any more. */
  hold(): void {
    this.stop.abort();
    this.reading.abort();
    this.changes.notify();
  }

  /** Stops reading, lets what is out end and gives the partition back, all within the time. */
  async giveBack(withinMs: number): Promise<void> {
    const { clock } = this.parts;
    const startedAt = clock.now();
    const drainBy = startedAt + withinMs * DRAIN_SHARE;
    this.isGoing = true;
    this.hold();
    while (!this.ledger.isQuiet && !this.hasEnded && clock.now() < drainBy)
      await this.changes.wait(drainBy - clock.now());
    await this.release(startedAt + withinMs - clock.now());
  }

  /** The last commit and the giving back, in one write. */
  release(withinMs: number): Promise<void> {
    this.releasing ??= this.releaseNow(withinMs);
    return this.releasing;
  }

  /** The stay is over. `upTo`: the position of its last commit; `why` it was lost. */
  end(how: StayEnd, upTo?: number, why?: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.assigned.lost.removeEventListener('abort', this.onLost);
    this.close(upTo);
    this.parts.ended(this, how, why);
  }

  private async releaseNow(withinMs: number): Promise<void> {
    if (this.hasEnded) return;
    const upTo = this.ledger.settledUpTo;
    // Before another owner may have the partition.
    this.close();
    const outcome = await this.assigned.release(upTo, Math.max(0, withinMs)).catch((): CommitOutcome => 'unknown');
    this.end(outcome === 'lost' ? 'lost' : 'released', outcome === 'kept' ? upTo : undefined);
  }

  /** Nothing counts any more, and what waits in channels is not delivered: the next owner brings it. */
  private close(upTo?: number): void {
    this.ledger.close(upTo);
    this.hold();
    this.parts.door.stayEnded();
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      const room = roomIn(this.ledger, this.parts.limits, this.parts.clock.now(), this.fullBy !== undefined);
      this.noteRoom(typeof room === 'string' ? room : undefined);
      if (typeof room === 'string') {
        await this.changes.wait();
        continue;
      }
      this.reading = new AbortController();
      const startedAt = this.parts.clock.now();
      const frames = await this.assigned.read(room, this.reading.signal);
      // A stay that ended meanwhile answers for nothing any more.
      if (this.hasEnded) return;
      // A source that has nothing and does not wait must not keep everything else from running.
      if (frames.length === 0 && this.parts.clock.now() === startedAt) await this.changes.wait(EMPTY_MS);
      const read = frames.map((frame) => [frame, this.ledger.add(frame)] as const);
      for (const [frame, origin] of read) {
        const { gap } = frame;
        if (gap !== undefined) this.parts.gap(this.assigned.partition, gap.from, gap.to);
        await this.offers.offer(frame, origin);
      }
    }
  }

  private noteRoom(by: WindowLimit | undefined): void {
    const wasFull = this.fullBy !== undefined;
    const isFull = by !== undefined;
    this.fullBy = by;
    // Room is made by a commit, which need not wait for its time then.
    if (isFull) this.ledger.commitNow();
    if (wasFull !== isFull) this.parts.send({ type: isFull ? 'window.filled' : 'window.opened' });
  }
}
