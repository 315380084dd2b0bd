import type { RouterConfigInput } from '../config/schema.ts';

type ChannelInput = NonNullable<RouterConfigInput['channels']>[string];

/** After so long a call was abandoned. */
export const HUNG_MS = 400_000;
/** What waits is due sooner after a reload. */
export const SOONER_MS = 50;

/** Backoffs take 50 ms, cool-downs 3 s or more; the breaker opens by hand and in trials only. */
export function pathLimits({ eventRules }: Pick<ChannelInput, 'eventRules'>, batchSize: number): ChannelInput {
  return {
    priority: 2,
    batchSize,
    timeoutMs: 2 * SOONER_MS,
    capacity: 10,
    warmUpTimeoutMs: 1_000,
    processTimeoutMs: HUNG_MS - 100_000,
    abandonAfterMs: 100_000,
    retry: { attempts: 2, delayMs: 100, delayMsMax: 100 },
    breaker: {
      window: { count: 10_000 },
      minimumCalls: 10_000,
      slowCallMs: HUNG_MS,
      coolDownMs: 4_000,
      coolDownMsMax: 4_000,
      probes: 1,
    },
    eventRules,
  };
}
