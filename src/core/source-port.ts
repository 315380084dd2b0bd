import type { ClusterView } from './cluster-view.ts';

/**
 * Where messages come from that can be asked for again: a journal, a broker. The router reads *frames*, settles their
 * messages, and tells the source up to which *position* everything is settled; what it never told comes again.
 *
 * A source is pulled: whoever does not read is not sent anything, so back-pressure needs no verb.
 */
export interface Source {
  /** False: what was committed is forgotten with the process, as by a source in memory. Default: it lasts. */
  readonly lasts?: boolean;
  /** What it reads can be written to as well. Default: it cannot. */
  readonly spill?: Spill;
  /**
   * Begins to hand out partitions through `owner.assigned`, at the latest when its promise resolves for those that are
   * free. Rejects when the source cannot be reached or used; after that, and after `close`, it may be called again.
   */
  start(owner: SourceOwner): Promise<void>;
  /** Who shares its partitions; undefined: nobody does, or it is not started. Never throws. */
  cluster?(): ClusterView | undefined;
  /** What keeps it from being read, in words: no answer; partitions that wait for an operator. Never throws. */
  troubles?(): Readonly<Record<'unreachable' | 'halted', string | undefined>>;
  /**
   * Gives back what was not released, without a commit, and lets go of everything. Resolves within the time whatever
   * the other side does; a second call gets the promise of the first. Never rejects.
   */
  close(withinMs: number): Promise<void>;
}

/** Where messages wait that a channel has no room for, until a source gives them to it, in order: a journal. */
export interface Spill {
  /** Resolves when all are on disk. */
  write(messages: readonly unknown[]): Promise<void>;
  /** The position of the last frame on disk. */
  readonly written: number;
  /** Everything up to this position is settled. */
  readonly settled: number;
}

/** Whom a source tells about partitions; neither method throws or rejects. */
export interface SourceOwner {
  /** The partition is this process's own from now on, until it is released or `lost`. */
  assigned(partition: Assigned): void;
  /**
   * The source wants the partition back. The owner stops reading, lets what is out end, calls `release` and resolves,
   * all within the time; after it the source takes the partition as lost.
   */
  revoke(partition: Assigned, withinMs: number): Promise<void>;
}

/** What became of a write about a position. `lost`: the partition has another owner. `unknown`: ask again or hold still. */
export type CommitOutcome = 'kept' | 'lost' | 'unknown';

/** One partition for one stay of ownership. A stay that is over answers `lost` to every write and reads nothing. */
export interface Assigned {
  /** Counts from 0. */
  readonly partition: number;
  /** Grows with every stay, also over restarts, so that a sink can refuse what an earlier owner still writes. */
  readonly fence: number;
  /** How many stays ended without `release`, by a death or a loss, since the committed position last moved. */
  readonly takeovers: number;
  /** What the last stay wrote with `mark` and neither committed nor released; it died, if it died, in that message. */
  readonly marked: MessagePlace | undefined;
  /**
   * Aborts when somebody else owns the partition or when the source was closed. Only a fact aborts it, no clock. If the
   * reason is an error, the source failed: it is closed and started again, unless the error has `retryable: false`. A
   * string says who has it and why; it is in the fact `stay.ended`, and in the log.
   */
  readonly lost: AbortSignal;
  /**
   * The next frames in order, at most `room` but at least one that is there; a frame is read once in a stay, the first
   * one after the committed position. Resolves with none after a second at the latest, at once when the signal or
   * `lost` aborts. One read at a time. Rejects when the source failed and a new `start` is needed.
   */
  read(room: ReadRoom, signal: AbortSignal): Promise<readonly Frame[]>;
  /** Everything up to and including this position is settled. Idempotent; a lower position than before is `kept`. */
  commit(position: number, withinMs: number): Promise<CommitOutcome>;
  /** This message is about to be begun. For a partition that seems to die of a message and goes on one by one. */
  mark(place: MessagePlace, withinMs: number): Promise<CommitOutcome>;
  /** The last commit, if there is one, and the giving back, in one write. Ends the stay. */
  release(position: number | undefined, withinMs: number): Promise<CommitOutcome>;
}

/** How much one `read` may bring. */
export interface ReadRoom {
  readonly frames: number;
  readonly bytes: number;
}

/** Which message of which frame; the index counts from 0. */
export interface MessagePlace {
  readonly position: number;
  readonly index: number;
}

/** What is read and committed as one. */
export interface Frame {
  /** Grows within a partition, over all stays. */
  readonly position: number;
  /** As it lies in the source. */
  readonly bytes: Uint8Array;
  /** Positions just before this frame that were removed before they were read. */
  readonly gap?: { readonly from: number; readonly to: number };
  /** Its messages, perhaps none; each call may build them anew. Throws when the bytes say nothing: one dead letter. */
  messages(): readonly unknown[];
}
