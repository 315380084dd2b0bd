import { expect } from 'vitest';
import { factsOf, type World, withCall } from '../../src/testing/channel-world.ts';

/**
 * Where a channel has to be after an event, said a second time and apart from its chart: paths come out of the chart,
 * so a chart that is wrong would be compared with itself. The table of states in the design is the source.
 */
export function placeAfter(from: string, type: string, world: World): string {
  const { isIsolating, mustWait } = factsOf(world);
  const isDraining = from.startsWith('draining.');
  switch (type.replace(/^(xstate\.after\.\w+)\..*$/, '$1')) {
    case 'xstate.init':
      return 'warming';
    case 'warmUp.failed':
    case 'xstate.after.warmUpTimeout':
    case 'channel.restart':
    case 'call.hung':
      return 'failed';
    case 'wait.shortened':
      return from;
    case 'channel.abandon':
    case 'close.finished':
    case 'xstate.after.closeDeadline':
      return 'stopped';
    case 'warmUp.finished':
    case 'channel.resume':
    case 'message.waiting':
    case 'channel.reconfigured':
      return resting(world);
    case 'delivery.quieted':
      return isDraining ? 'closing' : resting(world);
    // A batch is due by size, by request or by age.
    case 'batch.full':
    case 'batch.flush':
    case 'xstate.after.batchAge':
    case 'isolation.finished':
      return 'ready.flushing';
    case 'batch.failed':
      return failing(from, world);
    case 'xstate.after.retryDelay':
      if (isDraining) return draining(world);
      return isIsolating ? 'ready.isolating' : 'ready.flushing';
    case 'breaker.opened':
      if (isDraining) return 'draining.waiting';
      return from.startsWith('ready.') ? 'tripped' : from;
    case 'breaker.closed':
      return isDraining ? draining(world) : from === 'ready.probing' ? 'ready.flushing' : resting(world);
    case 'xstate.after.coolDown':
      return 'ready.probing';
    // One that is warming finds itself paused as soon as it is ready.
    case 'channel.pause':
      return from === 'warming' ? from : 'paused';
    // What never was ready, or is held, hands back what it has; the others deliver what they can.
    case 'channel.drain':
      if (from === 'warming' || from === 'paused') return 'closing';
      return mustWait ? 'draining.waiting' : draining(world);
    case 'xstate.after.drainDeadline':
      return 'closing';
    default:
      if (type.startsWith('weather.')) return from === 'draining.delivering' ? draining(world) : from;
      throw new Error(`no law says where ${type} leads`);
  }
}

/** Where a channel that may deliver belongs: what holds it up comes first, and then what is due. */
function resting(world: World): string {
  const { isPaused, isTripped, mustWait, isDue, hasWork } = factsOf(world);
  if (isPaused) return 'paused';
  if (isTripped) return 'tripped';
  if (mustWait) return 'ready.retrying';
  if (isDue) return 'ready.flushing';
  return hasWork ? 'ready.buffering' : 'ready.idle';
}

/** A failed trial opens the breaker again; a failed batch is tried again, and is split as soon as that may help. */
function failing(from: string, world: World): string {
  if (from === 'ready.probing') return 'tripped';
  if (from.startsWith('draining.')) return 'draining.waiting';
  const { isIsolating, mustWait } = factsOf(world);
  return from === 'ready.flushing' && isIsolating && !mustWait ? 'ready.isolating' : 'ready.retrying';
}

/** A drain waits like any delivery, and is over when nothing is left. */
function draining(world: World): string {
  if (factsOf(world).mustWait) return 'draining.waiting';
  const { call } = withCall(world.breaker === 'open' ? { ...world, breaker: 'half-open' } : world, true);
  return call === 0 ? 'closing' : 'draining.delivering';
}

/** What a state tells of how it came about; undefined if the step did not lead into another one. */
export function reasonAfter(from: string, to: string, type: string): { cause: string; error: unknown } | undefined {
  if (wordOf(from) === wordOf(to)) return undefined;
  const isDrained = to === 'closing' && !type.includes('drainDeadline') && from !== 'warming' && from !== 'paused';
  return { cause: isDrained ? 'delivery.quieted' : type, error: errorAfter(type) };
}

function errorAfter(type: string): unknown {
  if (type === 'call.hung') return expect.stringContaining('did not settle');
  return type === 'warmUp.failed' ? 'the path lets warmUp fail' : undefined;
}

/** The parts of draining are nobody's concern. */
function wordOf(place: string): string {
  return place.startsWith('draining.') ? 'draining' : place;
}
