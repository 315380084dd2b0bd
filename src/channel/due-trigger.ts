import type { DeliveryMode } from '../core/channel-port.ts';
import type { Trigger } from '../core/trigger.ts';
import type { Lane } from './lane.ts';

/** Why the next call is due; undefined: none is. */
export function dueTrigger({ inbox, recovery }: Lane, mode: DeliveryMode): Trigger | undefined {
  if (mode === 'flush' && recovery.size === 0) return inbox.dueTrigger();
  // Something failed before, or the statechart wants more than what is due.
  if (mode === 'isolate' && !recovery.isIsolating && recovery.quarantined === 0) return undefined;
  if (recovery.hasBatches) return mode === 'drain' || mode === 'probe' ? mode : 'size';
  if (inbox.size === 0) return undefined;
  // What is in quarantine waits for what comes next.
  return mode === 'drain' ? 'drain' : 'probe';
}
