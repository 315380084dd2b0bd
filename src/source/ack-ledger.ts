import type { Clock } from '../core/clock.ts';
import type { SourceStay } from '../core/origin.ts';
import type { CommitOutcome, Frame } from '../core/source-port.ts';
import { type FrameListener, FrameOrigin } from './frame-origin.ts';

/** How long a settled prefix may wait for its commit, in ms, and how many frames it may have. */
const COMMIT_EVERY_MS = 200;
const COMMIT_FRAMES = 256;
/** How long one commit may take, in ms; then it is asked for again. */
const COMMIT_WITHIN_MS = 5_000;
/** So many committed frames stay in the ring before it is cut. */
const RING_SLACK = 1_024;

/** What a ledger is made of, and whom it tells what. */
export interface LedgerOptions {
  readonly clock: Clock;
  readonly stay: SourceStay;
  commit(position: number, withinMs: number): Promise<CommitOutcome>;
  /** The commit moved, so there is room in the window. */
  committed(): void;
  /** Nothing that was offered is unsettled any more. */
  quieted(): void;
  /** Another owner has the partition. */
  lost(): void;
  /** A channel ended and had a message that is not settled: only another stay brings that again. */
  handedBack(): void;
}

/**
 * What was read in one stay and is not committed: a ring of frames in read order. It commits the longest settled prefix,
 * so that nothing is committed that has something unsettled before it. What is settled after the stay is over is ignored.
 */
export class AckLedger implements FrameListener {
  readonly stay: SourceStay;
  private readonly options: LedgerOptions;
  private readonly frames: FrameOrigin[] = [];
  /** The first frame that is not committed, and how many from there on are settled. */
  private head = 0;
  private prefix = 0;
  /** Frames that were read, that were committed, and that were read and not committed. */
  read = 0;
  committed = 0;
  heldBytes = 0;
  /** Frames with messages that were offered and are not settled. */
  private outFrames = 0;
  private timer: unknown = undefined;
  private isCommitting = false;
  isOver = false;

  constructor(options: LedgerOptions) {
    this.options = options;
    this.stay = options.stay;
  }

  get held(): number {
    return this.frames.length - this.head;
  }

  /** Nothing that was offered is unsettled. */
  get isQuiet(): boolean {
    return this.outFrames === 0;
  }

  /** The oldest frame that is not settled; undefined: there is none. */
  get oldest(): FrameOrigin | undefined {
    return this.frames[this.head + this.prefix];
  }

  /** Everything up to this position is settled and not committed; undefined: nothing is. */
  get settledUpTo(): number | undefined {
    return this.prefix === 0 ? undefined : this.frames[this.head + this.prefix - 1]?.position;
  }

  /** What is read and not committed, in order. */
  heldFrames(): readonly FrameOrigin[] {
    return this.frames.slice(this.head);
  }

  /** A frame was read. */
  add({ position, bytes }: Frame): FrameOrigin {
    const origin = new FrameOrigin(this, position, bytes.length, this.options.clock.now());
    this.frames.push(origin);
    this.read += 1;
    this.heldBytes += bytes.length;
    return origin;
  }

  /** Commits now what is settled, instead of within `COMMIT_EVERY_MS`. */
  commitNow(): void {
    const { clock } = this.options;
    const position = this.settledUpTo;
    if (position === undefined || this.isCommitting || this.isOver) return;
    clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.isCommitting = true;
    const settle = (outcome: CommitOutcome): void => {
      this.isCommitting = false;
      if (this.isOver) return;
      if (outcome === 'kept') this.drop(position);
      if (outcome === 'lost') this.options.lost();
      else this.schedule(outcome === 'kept' && this.prefix >= COMMIT_FRAMES);
    };
    // A source that rejects here breaks its word; what it did is unknown.
    this.options.commit(position, COMMIT_WITHIN_MS).then(settle, () => settle('unknown'));
  }

  /** The stay is over, and nothing counts any more. Called again with `upTo` when the last commit is known to be kept. */
  close(upTo?: number): void {
    this.isOver = true;
    this.options.clock.clearTimeout(this.timer);
    if (upTo !== undefined) this.drop(upTo);
  }

  out(change: 1 | -1): void {
    this.outFrames += change;
    if (this.outFrames === 0 && change === -1 && !this.isOver) this.options.quieted();
  }

  handedBack(): void {
    if (!this.isOver) this.options.handedBack();
  }

  /** Some frame is settled: the prefix may have grown. */
  done(): void {
    if (this.isOver) return;
    const before = this.prefix;
    while (this.oldest?.isDone === true) this.prefix += 1;
    if (this.prefix !== before) this.schedule(this.prefix >= COMMIT_FRAMES);
  }

  /** Commits at once or with the next tick; a commit whose outcome is unknown is not asked for again at once. */
  private schedule(isDue: boolean): void {
    if (this.prefix === 0 || this.isCommitting) return;
    if (isDue) return this.commitNow();
    this.timer ??= this.options.clock.setTimeout(() => {
      this.timer = undefined;
      this.commitNow();
    }, COMMIT_EVERY_MS);
  }

  /** Everything up to the position is committed. */
  private drop(position: number): void {
    while (this.prefix > 0) {
      const first = this.frames[this.head];
      if (first === undefined || first.position > position) break;
      this.head += 1;
      this.prefix -= 1;
      this.committed += 1;
      this.heldBytes -= first.bytes;
    }
    if (this.head >= RING_SLACK) {
      this.frames.splice(0, this.head);
      this.head = 0;
    }
    if (!this.isOver) this.options.committed();
  }
}
