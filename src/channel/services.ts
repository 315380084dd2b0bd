import type { Clock } from '../core/clock.ts';
import type { Origin } from '../core/origin.ts';
import type { Timers } from '../core/patient-timers.ts';
import type { Random } from '../core/random.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Bus } from '../facts/bus.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import type { Ending } from '../facts/ending.ts';
import type { Logger } from '../facts/logging.ts';
import type { WriteQueue } from '../facts/write-queue.ts';

/** What all partitions of a router share. */
export interface Services {
  readonly clock: Clock;
  /** For deadlines, and for waits that may be long. */
  readonly timers: Timers;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly ending: Ending;
  /** Whether dead letters find room where they are kept. Without room no message is given up, but tried again. */
  readonly letterRoom: Pick<WriteQueue, 'hasRoom' | 'trouble'>;
  /**
   * Keeps a dead letter and publishes it; its origin hears of that once the letter is where it is kept. `key`: if it was
   * read from the message as it came.
   */
  readonly keepDeadLetter: (
    channel: string | null,
    reason: DeadLetterReason,
    message: unknown,
    error: unknown,
    attempts: number,
    origin?: Origin,
    key?: string,
  ) => void;
}
