import type { ChannelConfig } from '../config/schema.ts';
import type { Counters } from '../core/counters.ts';
import type { BreakerClient } from './breaker-client.ts';
import type { Services } from './services.ts';

/** What an inbox is made of. */
export interface InboxOptions {
  readonly partition: number | undefined;
  readonly config: ChannelConfig;
  readonly services: Services;
  readonly counters: Counters;
  readonly breaker: BreakerClient | undefined;
  readonly keyOf: (message: unknown) => string;
}
