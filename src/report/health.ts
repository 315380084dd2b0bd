/** How well a channel serves. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** From best to worst; what a state means for the one who waits for data. */
const statusByState: Readonly<Record<string, HealthStatus>> = {
  idle: 'healthy',
  buffering: 'healthy',
  flushing: 'healthy',
  new: 'degraded',
  warming: 'degraded',
  probing: 'degraded',
  retrying: 'degraded',
  isolating: 'degraded',
  draining: 'degraded',
  closing: 'degraded',
  stopped: 'degraded',
  paused: 'degraded',
  tripped: 'unhealthy',
  failed: 'unhealthy',
};
const ranks = Object.keys(statusByState);

/** What a state of a channel says about its health. */
export function healthOf(state: string): HealthStatus {
  return statusByState[state] ?? 'unhealthy';
}

/** Of the states of several partitions the one that matters most. */
export function worstState(states: readonly string[]): string {
  return states.reduce((worst, state) => (ranks.indexOf(state) > ranks.indexOf(worst) ? state : worst));
}

export function worstStatus(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('unhealthy')) return 'unhealthy';
  return statuses.includes('degraded') ? 'degraded' : 'healthy';
}

/** The health of one channel, derived from its state. */
export interface ChannelHealth {
  readonly status: HealthStatus;
  readonly state: string;
  /** How long it has been so, in ms. */
  readonly sinceMs: number;
  /** Why, in words. */
  readonly reason: string;
}

/** The health of a router, shaped for liveness and readiness probes. */
export interface RouterHealth {
  readonly status: HealthStatus;
  readonly state: string;
  /** It has not failed and was not stopped. */
  readonly live: boolean;
  /** It takes messages in. */
  readonly ready: boolean;
  readonly channels: Readonly<Record<string, ChannelHealth>>;
}
