/** How the pump treats what waits: the statechart's four delivering modes. */
export type PumpMode = 'flush' | 'isolate' | 'probe' | 'drain';

/** Which edge the statechart wants to hear of: the first message in an empty mailbox, or a batch that is full. */
export type Edge = 'none' | 'first' | 'full';

/** What a channel's statechart may ask of its data plane. Facts are read by guards and must be cheap; nothing here throws. */
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

  warmUp(signal: AbortSignal): Promise<void>;
  close(signal: AbortSignal): Promise<void>;
  watch(edge: Edge): void;
  /** Permits delivery. A call already in flight goes on whatever the chart does: it belongs to the data plane. */
  startPump(mode: PumpMode): void;
  stopPump(): void;
}
