import { healthOf } from '../report/health.ts';
import type { Tone } from './protocol.ts';

type Tones = Readonly<Record<string, Tone>>;

/** How serious a health is. */
export const toneOfHealth = { healthy: 'good', degraded: 'wait', unhealthy: 'bad' } as const;
const OF_OWNERSHIP: Tones = { halted: 'bad', running: 'good', standby: 'plain', closed: 'plain' };
const OF_ROUTER: Tones = { failed: 'bad', running: 'good', stopped: 'plain' };

/** How serious a state of a channel, a source or a feed is. */
export function toneOf(state: string): Tone {
  return state === 'stopped' || state === 'new' ? 'plain' : toneOfHealth[healthOf(state)];
}

/** How serious a state of a partition is that several processes share. */
export function toneOfOwnership(state: string): Tone {
  return OF_OWNERSHIP[state] ?? 'wait';
}

/** How serious a state of the router is. */
export function toneOfRouter(state: string): Tone {
  return OF_ROUTER[state] ?? 'wait';
}
