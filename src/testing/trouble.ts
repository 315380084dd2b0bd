import { pause } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { createRandom } from '../core/random.ts';
import type { CommitOutcome } from '../core/source-port.ts';

/** What goes wrong with something simulated. */
export interface TroubleOptions {
  readonly clock: Clock;
  readonly seed?: number;
  /** Default 0. */
  readonly delayMs?: number;
  /** Of 100. Default 0. */
  readonly failures?: number;
}

export type Trouble = ReturnType<typeof troubleFrom>;

/** Delays and failures from a seed, until `calm`. */
export function troubleFrom({ clock, seed = 1, delayMs = 0, failures = 0 }: TroubleOptions) {
  const random = createRandom(seed);
  let isCalm = false;
  const strikes = (): boolean => random() < (isCalm ? 0 : failures / 100);
  const delay = async (): Promise<void> => {
    const ms = Math.floor(random() * ((isCalm ? 0 : delayMs) + 1));
    if (ms > 0) await pause(clock, ms);
  };
  return {
    strikes,
    delay,
    calm(): void {
      isCalm = true;
    },
    async pass(failure: string): Promise<void> {
      await delay();
      if (strikes()) throw new Error(failure);
    },
    async write(write: () => CommitOutcome): Promise<CommitOutcome> {
      await delay();
      if (!strikes()) return write();
      if (strikes()) write();
      return 'unknown';
    },
  };
}
