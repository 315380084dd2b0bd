import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import { Counter } from '../core/counters.ts';

const REJECTED = ['invalid', 'mailbox-full', 'tripped', 'not-running'] as const;
const GIVEN_UP = ['failed', 'not-retryable', 'poison'] as const;

/**
 * Why messages were rejected and given up, and why batches were due, of what `count` counts; reasons for the former that
 * never were are left out.
 */
export function reasonsOf(
  count: (index: (typeof Counter)[keyof typeof Counter]) => number,
): Pick<ChannelMetrics, 'rejectedBy' | 'deadLetteredBy' | 'batches'> {
  const by = <Reason extends keyof typeof Counter>(reasons: readonly Reason[]): Partial<Record<Reason, number>> => {
    const counted = reasons.map((reason) => [reason, count(Counter[reason])] as const).filter(([, times]) => times > 0);
    // Object.fromEntries widens the keys.
    return Object.fromEntries(counted) as Partial<Record<Reason, number>>;
  };
  const age = count(Counter.age);
  const request = count(Counter.request);
  const drain = count(Counter.drain);
  const probe = count(Counter.probe);
  const size = count(Counter.calls) - count(Counter.retries) - age - request - drain - probe;
  return { rejectedBy: by(REJECTED), deadLetteredBy: by(GIVEN_UP), batches: { size, age, request, drain, probe } };
}
