import type { ChannelConfig } from '../config/schema.ts';
import { Counter } from '../core/counters.ts';
import { RestartLimit } from '../core/restart-limit.ts';
import type { Lane } from './lane.ts';
import type { Stay } from './state-log.ts';

/** How often a partition failed lately, and when it is started again; counts and publishes both. */
export class Restarts extends RestartLimit {
  private readonly lane: Lane;

  constructor(lane: Lane) {
    super();
    this.lane = lane;
  }

  /** It failed, and is started again or given up. A restart by hand is no failure. */
  noteFailure({ restart }: ChannelConfig, { cause, error }: Stay): void {
    const { counters, id, services } = this.lane;
    const now = services.clock.now();
    if (cause === 'channel.restart') this.forgive(now);
    else if (!this.failed(restart, now)) {
      services.bus.publishAfterwards('channel.gaveUp', { channel: id, restarts: counters[Counter.restarts], error });
    }
  }

  /** It is about to be started again. */
  noteRestart({ restart: { withinMs } }: ChannelConfig): void {
    const { counters, id, services } = this.lane;
    counters[Counter.restarts] += 1;
    const n = this.lately(withinMs, services.clock.now());
    services.bus.publishAfterwards('channel.restarted', { channel: id, n, withinMs });
  }
}
