import type { Stay } from '../channel/state-log.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { Source } from '../core/source-port.ts';
import type { FrameOrigin, Place } from './frame-origin.ts';
import type { WindowLimit } from './read-window.ts';

/** What was read, by frames: `read = committed + left + held`. */
export interface SourceCounts {
  readonly read: number;
  readonly committed: number;
  /** Read in stays that are over, and not committed: the next owner reads them again. */
  readonly left: number;
  /** Read and not committed, and where those frames are. */
  readonly held: number;
  readonly places: Readonly<Record<Place, number>>;
}

/** What reports read of one partition that belongs to this process. All times are in ms on the router's clock. */
export interface StayView extends SourceCounts {
  readonly partition: number;
  readonly fence: number;
  readonly isRevoking: boolean;
  /** By what its window is full; undefined: it has room. */
  readonly fullBy: WindowLimit | undefined;
  /** Why the message that is next was not taken in the last time. */
  readonly refusedAs: RejectReason | undefined;
  /** The oldest frame that is not settled; its messages carry it through the channels. */
  readonly oldest: FrameOrigin | undefined;
}

/** Frames of one partition that were read and not committed when the source was stopped. */
export interface HeldFrames {
  readonly partition: number;
  readonly fence: number;
  readonly positions: readonly number[];
}

/** What reports read of one source. */
export interface SourceView extends Stay, SourceCounts {
  readonly name: string;
  readonly partitions: readonly StayView[];
  /** Asked only when it is needed: alerts look at every source each second. */
  readonly source: Pick<Source, 'cluster' | 'troubles'>;
  readonly restarts: number;
  /** When a source that failed is started again, and when the drain ends. */
  readonly restartAt: number;
  readonly drainAt: number;
  /** Positions that were removed before they were read. */
  readonly missed: number;
  /** What stays that ended with the source had read and not committed. */
  readonly heldAtEnd: readonly HeldFrames[];
}
