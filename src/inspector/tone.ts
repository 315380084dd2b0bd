import { healthOf } from '../report/health.ts';
import type { Tone } from './protocol.ts';

/** How serious a state of a channel is. */
export function toneOf(state: string): Tone {
  if (state === 'stopped' || state === 'new') return 'plain';
  const status = healthOf(state);
  if (status === 'unhealthy') return 'bad';
  return status === 'degraded' ? 'wait' : 'good';
}

/** How serious a state of a partition is that several processes share. */
export function toneOfOwnership(state: string): Tone {
  if (state === 'halted') return 'bad';
  if (state === 'running') return 'good';
  return state === 'standby' || state === 'closed' ? 'plain' : 'wait';
}

/** How serious a state of the router is. */
export function toneOfRouter(state: string): Tone {
  if (state === 'failed') return 'bad';
  if (state === 'stopped') return 'plain';
  return state === 'running' ? 'good' : 'wait';
}
