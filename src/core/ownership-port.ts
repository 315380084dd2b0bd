/** What the statechart of an ownership may ask about one partition of a source. No promise rejects, and nothing throws. */
export interface OwnershipPort {
  /** This member is to have the partition. */
  readonly isWanted: boolean;
  /** The source is being closed. */
  readonly isClosing: boolean;
  /** How long the owner has to let what is out end. */
  readonly drainMs: number;

  /** Waits until the partition is free or its owner has been silent for a lease, and takes it. */
  acquire(signal: AbortSignal): Promise<void>;
  /** Compares the checkpoint with the log. */
  findPosition(signal: AbortSignal): Promise<'found' | 'went-back'>;
  /** Renews the lease and trims the log; says what happens to the stay. */
  keep(notify: (event: StayEvent) => void): () => void;
  /** Begins a stay and hands it to the owner. */
  handOver(): void;
  /** Asks the owner for the partition; resolves when the owner is done. */
  drain(): Promise<void>;
  /** The owner may no longer read or write: the stay is over, whether or not it was released. */
  endStay(): void;
  /** The owner does not want the partition: it is not wanted here until another member was to have it. */
  decline(): void;
  /** Gives the lease back if there is one; resolves when the broker said so, or when it does not answer for a lease. */
  release(): Promise<void>;
  /** Tells the host that the log went back, and that the partition waits for an operator. */
  reportHalt(): void;
}

/** What happens to an ownership from outside. */
export type StayEvent =
  /** A write about the lease was refused: somebody else has the partition. */
  | { readonly type: 'ownership.lost' }
  /** The owner gave the partition back without being asked. */
  | { readonly type: 'stay.released' }
  /** The log no longer has what was read from it, or its frames are of another partitioning. */
  | { readonly type: 'log.wentBack' };

/** Everything that the statechart of an ownership is sent. */
export type OwnershipEvent =
  | StayEvent
  /** `isWanted` or `isClosing` may have changed. */
  | { readonly type: 'assignment.changed' }
  /** An operator said from where to read on. */
  | { readonly type: 'position.chosen' };
