import type { Slot } from '../channel/slot.ts';
import { Counter } from '../core/counters.ts';
import type { Core } from '../router/core.ts';
import type { CalmState } from './record.ts';

type BreakerState = CalmState['breakers'][string];

/**
 * Tells whether a router is calm: nothing waits, runs or is armed, and nothing it remembers of its past will show again.
 * Then what is left is small enough to be written down, and a re-run can begin there.
 */
export class CalmWatch {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The state of a calm router, or why it is none. */
  look(): Pick<CalmState, 'unroutable' | 'unnamed' | 'slots' | 'breakers'> | string {
    const { fleet, intake, unnamed } = this.#core;
    const slots: Record<string, CalmState['slots'][string]> = {};
    const breakers: Record<string, BreakerState> = {};
    for (const channel of fleet.channels.values()) {
      const breaker = this.#breaker(channel.name);
      if (typeof breaker === 'string') return `the breaker of ${channel.name} ${breaker}`;
      if (breaker !== undefined) breakers[channel.name] = breaker;
      if (channel.config.partitions > 1 && channel.config.partitionBy === 'round-robin')
        return `channel ${channel.name} is partitioned by round-robin, whose turn cannot be read`;
      for (const { slot, state, restartsLately } of channel.members) {
        // Who is idle holds no message, and has told of its gaps with the last of them.
        if (state !== 'idle' || slot.isPaused) return `channel ${slot.id} is ${slot.isPaused ? 'paused' : state}`;
        if (restartsLately > 0) return `channel ${slot.id} failed within restart.withinMs`;
        slots[slot.id] = {
          counters: countersOf(slot),
          probedIn: Number.isFinite(slot.probedIn) ? slot.probedIn : null,
        };
      }
    }
    return { unroutable: intake.unroutable, unnamed: [...unnamed], slots, breakers };
  }

  /** Closed for long enough to have forgotten the openings before, and nothing but quick successes in its window. */
  #breaker(name: string): BreakerState | string | undefined {
    const channel = this.#core.fleet.channels.get(name);
    const breaker = channel?.breaker;
    if (channel === undefined || breaker === undefined) return undefined;
    if (breaker.state !== 'closed') return `is ${breaker.state}`;
    const { window, minimumCalls, coolDownMsMax, slowCallMs } = breaker.limits;
    const { opened, late } = breaker;
    if (opened > 0 && this.#core.world.clock.now() - breaker.since < coolDownMsMax) return 'closed lately';
    const { calls, failureRate, slowCallRate } = breaker.rates();
    const sharing = [...this.#core.fleet.channels.values()].filter((each) => each.breaker === breaker);
    const isSpotless = sharing.every(
      ({ members, processing }) =>
        members.every(({ slot }) => slot.counters[Counter.failures] + slot.counters[Counter.restarts] === 0) &&
        processing.distribution().maxMs < slowCallMs,
    );
    if (calls > 0 && !isSpotless && (calls < minimumCalls || failureRate !== 0 || slowCallRate !== 0))
      return 'remembers failed or slow calls';
    if (calls > 0 && 'ms' in window) return 'remembers calls by time';
    return { successes: calls, opened, late };
  }
}

export function countersOf({ counters }: Slot): readonly number[] {
  return Object.values(Counter).map((index) => counters[index]);
}

/** The array is in the order of `Counter`, as `countersOf` gives it. */
export function setCounters({ counters }: Slot, counts: readonly number[]): void {
  Object.assign(counters, counts);
}
