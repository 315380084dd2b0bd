import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { Faults } from '../facts/bus.ts';

/** Everything measured of a router. */
export interface RouterMetrics {
  /** All that was handed to the router, unroutable messages among them. */
  readonly received: number;
  /** Messages that no channel serves; rejected, and kept as dead letters. */
  readonly unroutable: number;
  /** Both equations of the conservation rule hold for every channel, and nothing received is missing. */
  readonly conserved: boolean;
  readonly channels: Readonly<Record<string, ChannelMetrics>>;
  readonly deadLetters: { readonly stored: number; readonly evicted: number };
  /** Callbacks of the host that threw, by place. */
  readonly faults: Faults;
}
