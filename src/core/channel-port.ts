/** How delivery treats what waits: the four delivering states of the statechart. */
export type DeliveryMode = 'flush' | 'isolate' | 'probe' | 'drain';

/** What a channel's statechart may ask of its data plane. Guards read facts, which must be cheap; nothing here throws. */
export interface ChannelPort {
  /** An operator holds the channel; outlives restarts. */
  readonly isPaused: boolean;
  /** The breaker is open or still has to be probed; outlives restarts. */
  readonly isTripped: boolean;
  /** Something waits to be delivered. */
  readonly hasWork: boolean;
  /** A batch is due now: by size, by age, by request or because it failed before. */
  readonly isDue: boolean;
  /** A failed batch is being split to find what poisons it. */
  readonly isIsolating: boolean;
  /** The next attempt has to wait: a backoff or an open breaker. */
  readonly mustWait: boolean;

  readonly warmUpTimeoutMs: number;
  /** Until the oldest message has waited `timeoutMs`. */
  readonly dueInMs: number;
  readonly retryInMs: number;
  readonly coolDownInMs: number;
  readonly drainInMs: number;
  readonly closeInMs: number;

  /** Begins to warm up; the chart hears how that ends, unless it has ended it before. */
  warmUp(): void;
  /** Begins to close; the chart hears when that is over, unless it has ended it before. */
  close(): void;
  /** The chart no longer waits for `warmUp` or `close`. */
  endWork(): void;
  /** Permits delivery. A call already in flight goes on whatever the chart does: it belongs to the data plane. */
  deliver(mode: DeliveryMode): void;
  /** No call begins any more. */
  hold(): void;
}
