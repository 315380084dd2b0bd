import type { Breaker } from '../core/breaker.ts';
import type { Clock } from '../core/clock.ts';
import type { Histogram } from '../core/histogram.ts';
import type { Random } from '../core/random.ts';
import type { Turns } from '../core/turns.ts';
import type { Bus } from '../facts/bus.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import type { Logger } from '../facts/logger.ts';

/** What all slots of a router share. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly turns: Turns;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly keepDeadLetter: KeepDeadLetter;
}

/** Stores a dead letter and tells the host. */
type KeepDeadLetter = (
  channel: string | null,
  reason: DeadLetterReason,
  message: unknown,
  error: unknown,
  attempts: number,
) => void;

/** What the partitions of a channel share. */
export interface Shared {
  readonly keyOf: (message: unknown) => string;
  readonly breaker: Breaker | undefined;
  /** How long calls of `process` took. */
  readonly processing: Histogram;
  /** How long messages waited before their first call. */
  readonly queueing: Histogram;
}
