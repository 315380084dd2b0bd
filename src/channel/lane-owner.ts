import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import type { BreakerUser } from '../core/breaker-change.ts';
import type { Histogram } from '../core/histogram.ts';
import type { Share } from '../core/share.ts';
import type { ChannelMetrics } from './channel-metrics.ts';
import type { Services } from './services.ts';

/** A channel, as its lanes know it. */
export interface LaneOwner extends BreakerUser {
  readonly name: string;
  readonly config: ChannelConfig;
  readonly metrics: ChannelMetrics;
  readonly services: Services;
  /** Undefined: it has none. */
  readonly breaker: Breaker | undefined;
  /** The key of a message where no partition depends on it. */
  keyOf(message: unknown): string;
  /** How long calls of `process` took, how long messages waited before the first, and what turns below priority 1 took. */
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly share: Share;
}
