import { expect } from 'vitest';
import { type FleetWorld, fleetFactsOf } from './router.ts';

/**
 * Where the router has to be after an event, said a second time and apart from its chart, from which the paths come.
 * It serves until it is told to stop, or until a channel is given up whose end it is to share.
 */
export function placeAfter(from: string, type: string, world: FleetWorld): string {
  const isServing = from === '' || from.startsWith('serving.');
  if (type === 'router.stop' || (!isServing && !type.startsWith('xstate.'))) return stopping(world);
  if (type.startsWith('xstate.after.stopDeadline.')) return 'stopped';
  if (type === 'channel.failed' && world.frail === 'given up' && world.escalates) return 'failed';
  return serving(from, world);
}

/** It is starting until every channel has warmed up or failed, and never again. */
function serving(from: string, world: FleetWorld): string {
  const { isSettled, hasDown } = fleetFactsOf(world);
  const isStarting = from === '' || from === 'serving.starting';
  if (isStarting && !isSettled) return 'serving.starting';
  return hasDown ? 'serving.degraded' : 'serving.running';
}

function stopping(world: FleetWorld): string {
  return fleetFactsOf(world).isStopped ? 'stopped' : 'stopping';
}

/** What a state tells of how it came about; undefined if the step did not lead into another one. */
export function reasonAfter(from: string, to: string, type: string): { cause: string; error: unknown } | undefined {
  if (from === to) return undefined;
  const error = to === 'failed' ? expect.stringMatching(/lets warmUp fail|did not settle/) : undefined;
  // The end of a life that an operator restarts is told as a failure.
  return { cause: type === 'weather.restart' ? 'channel.failed' : type, error };
}
