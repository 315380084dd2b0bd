import { nextTurn } from '../adapters/incident-file.ts';
import type { Slot } from '../channel/slot.ts';
import { setCounters } from '../incident/calm.ts';
import type { CalmState } from '../incident/record.ts';
import type { Core } from '../router/core.ts';
import type { ChannelInput } from '../router/plan.ts';
import type { DataChannelRouter } from '../router/router.ts';

/** Starts a router and gives it the memory of the one that was recorded. */
export async function bringToCalm(calm: CalmState, core: Core, router: DataChannelRouter): Promise<void> {
  // Stand-ins warm up in no time: nothing of this waits for a timer.
  await router.start();
  await nextTurn();
  core.intake.unroutable = calm.unroutable;
  // What code said of a channel was a configuration as it may be written.
  for (const [name, input] of calm.unnamed) core.unnamed.set(name, input as ChannelInput);
  for (const channel of core.fleet.channels.values()) {
    for (const { slot } of channel.members) recall(slot, calm.slots[slot.id]);
    remember(channel.name, calm, core);
  }
}

function recall(slot: Slot, memory: CalmState['slots'][string] | undefined): void {
  if (memory === undefined) return;
  setCounters(slot, memory.counters);
  slot.probedIn = memory.probedIn ?? slot.probedIn;
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
