import { nextTurn } from '../adapters/incident-file.ts';
import type { ChannelInput } from '../config/plan.ts';
import { Counter } from '../core/counters.ts';
import type { CalmState, IncidentStart } from '../incident/record.ts';
import type { Core } from '../router/core.ts';
import type { DataChannelRouter } from '../router/router.ts';

const SECOND_MS = 1_000;
const TURNS_MAX = 1_000;

/** A clock that stands still; what it is asked to call is called in order, as soon as it may be. */
export class FreeClock {
  readonly now: number;
  readonly #waiting = new Map<symbol, () => void>();

  constructor(start: IncidentStart) {
    // Retry budgets count in seconds since they were made.
    const { at, madeAt } = start.from === 'calm' ? start.calm : { at: 0, madeAt: 0 };
    this.now = at - ((at - madeAt) % SECOND_MS);
  }

  arm(callback: () => void): symbol {
    const timer = Symbol();
    this.#waiting.set(timer, callback);
    return timer;
  }

  disarm(timer: unknown): void {
    if (typeof timer === 'symbol') this.#waiting.delete(timer);
  }

  /** Calls the first one; false: nobody waits. */
  fire(): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return false;
    this.#waiting.delete(first[0]);
    first[1]();
    return true;
  }
}

/** Starts a router and gives it the memory of the one that was recorded. */
export async function bringToCalm(
  calm: CalmState,
  clock: FreeClock,
  core: Core,
  router: DataChannelRouter,
): Promise<void> {
  router.start().catch(() => {});
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    await nextTurn();
    // `warmUp` of a stand-in takes no time, so its deadline is disarmed by now.
    if (!clock.fire() && router.state === 'running') break;
  }
  core.intake.unroutable = calm.unroutable;
  // What code said of a channel was a configuration as it may be written.
  for (const [name, input] of calm.unnamed) core.unnamed.set(name, input as ChannelInput);
  for (const channel of core.fleet.channels.values()) {
    for (const { slot } of channel.members) {
      const memory = calm.slots[slot.id];
      if (memory === undefined) continue;
      for (const [at, index] of Object.values(Counter).entries()) slot.counters[index] = memory.counters[at] ?? 0;
      slot.probedIn = memory.probedIn ?? slot.probedIn;
      for (let left = memory.earned; left > 0; left -= 1) slot.retryBudget.earn();
    }
    remember(channel.name, calm, core);
  }
}

/** Its window holds as many quick successes again. A breaker that is shared is given them once. */
function remember(name: string, calm: CalmState, core: Core): void {
  const breaker = core.fleet.channels.get(name)?.breaker;
  const memory = calm.breakers[name];
  if (breaker === undefined || memory === undefined) return;
  breaker.opened = memory.opened;
  breaker.late = memory.late;
  const caller = { epoch: -1, startedAt: core.world.clock.now() };
  for (let left = memory.successes - breaker.rates().calls; left > 0; left -= 1) {
    breaker.callStarted(caller);
    breaker.callSucceeded(caller, 0);
  }
}
