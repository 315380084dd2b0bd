import type { Clock } from '../core/clock.ts';
import type { Origin } from '../core/origin.ts';
import type { Timers } from '../core/patient-timers.ts';
import type { Random } from '../core/random.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Bus } from '../facts/bus.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import type { Ending } from '../facts/ending.ts';
import type { Logger } from '../facts/logging.ts';

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
  readonly keepDeadLetter: KeepDeadLetter;
  readonly letterRoom: LetterRoom;
}

/** Whether dead letters find room where they are kept. */
interface LetterRoom {
  /** False: no message is given up, but tried again. */
  readonly hasRoom: boolean;
  /** Why letters wait for their store, in words; undefined: they do not. */
  readonly trouble: string | undefined;
}

/** Keeps a dead letter, publishes it, and tells its origin once it is kept. `key`: of the message as it came. */
type KeepDeadLetter = (
  channel: string | null,
  reason: DeadLetterReason,
  message: unknown,
  error: unknown,
  attempts: number,
  origin?: Origin,
  key?: string,
) => void;
