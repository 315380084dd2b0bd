/** What a source's statechart may ask of the readers of its partitions. Guards read facts, which must be cheap; nothing here throws. */
export interface ReadingPort {
  /** Some partition belongs to this process. */
  readonly hasPartitions: boolean;
  /** Some partition is being given back. */
  readonly isRevoking: boolean;
  /** The window of every partition is full, so nothing is read. */
  readonly isHeld: boolean;
  /** Nothing that was offered to channels can be settled any more, except what is settled already. */
  readonly isQuiet: boolean;
  /** It has not failed too often; false: it is given up. */
  readonly mayRestart: boolean;

  readonly startTimeoutMs: number;
  readonly restartInMs: number;
  readonly drainInMs: number;
  readonly releaseInMs: number;
  readonly closeInMs: number;

  /** Asks the source for partitions. */
  start(): Promise<void>;
  /** Permits reading. */
  read(): void;
  /** No read begins any more. */
  hold(): void;
  /** It failed: counts that, ends all stays and closes the source, so that it can be started again. */
  recover(error: unknown): Promise<void>;
  /** The last commit of each partition, and the giving back. */
  release(): Promise<void>;
  close(): Promise<void>;
}
