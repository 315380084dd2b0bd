/** How well a channel serves. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** What each state means for a host that waits for data, from best to worst; those of channels first. */
const STATES: Readonly<Record<HealthStatus, readonly string[]>> = {
  healthy: ['idle', 'buffering', 'flushing', 'standby', 'reading', 'held', 'revoking', 'resting', 'streaming'],
  degraded: [
    ...['new', 'warming', 'probing', 'retrying', 'isolating', 'draining', 'closing', 'stopped', 'paused'],
    ...['starting', 'recovering', 'waiting', 'releasing', 'connecting', 'authenticating', 'subscribing'],
  ],
  unhealthy: ['tripped', 'failed'],
};
const STATUSES: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy'];
const ranks = STATUSES.flatMap((status) => STATES[status]);

/** What a state of a channel, a source or a feed says about its health. */
export function healthOf(state: string): HealthStatus {
  return STATUSES.find((status) => STATES[status].includes(state)) ?? 'unhealthy';
}

/** The health of what is in a state and why; with an alert it is at best `degraded`. `trouble`: what its alerts say. */
export function healthIn(state: string, sinceMs: number, why: string, trouble: string | null): ChannelHealth {
  const status = worstStatus([healthOf(state), trouble === null ? 'healthy' : 'degraded']);
  return { status, state, sinceMs, reason: trouble ?? why };
}

/** What `read` says of each, by name. */
export function eachOf<Item, Reading>(
  all: ReadonlyMap<string, Item>,
  read: (item: Item, name: string) => Reading,
): Readonly<Record<string, Reading>> {
  return Object.fromEntries([...all].map(([name, item]) => [name, read(item, name)]));
}

/** The worst state of several partitions. */
export function worstState(states: readonly string[]): string {
  return states.reduce((worst, state) => (ranks.indexOf(state) > ranks.indexOf(worst) ? state : worst));
}

export function worstStatus(statuses: readonly HealthStatus[]): HealthStatus {
  return STATUSES.findLast((status) => statuses.includes(status)) ?? 'healthy';
}

/** The health of one channel, source or feed, derived from its state. */
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
  /** What is wrong with the router beside its channels: the texts of its alerts. Null: nothing. */
  readonly reason: string | null;
  /** Also degraded: a channel with an alert. */
  readonly channels: Readonly<Record<string, ChannelHealth>>;
  /** Also degraded: a source with an alert. */
  readonly sources: Readonly<Record<string, ChannelHealth>>;
  /** Also degraded: a feed with an alert. */
  readonly feeds: Readonly<Record<string, ChannelHealth>>;
}
