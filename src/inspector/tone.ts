import { healthOf } from '../report/health.ts';
import type { Tone } from './protocol.ts';

/** What a state of a channel says to the one who looks at it. */
export function toneOf(state: string): Tone {
  if (state === 'stopped' || state === 'new') return 'plain';
  const status = healthOf(state);
  if (status === 'unhealthy') return 'bad';
  return status === 'degraded' ? 'wait' : 'good';
}

/** The same of a state of the router. */
export function toneOfRouter(state: string): Tone {
  if (state === 'failed') return 'bad';
  if (state === 'stopped') return 'plain';
  return state === 'running' ? 'good' : 'wait';
}
