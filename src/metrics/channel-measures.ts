import type { BreakerState } from '../core/breaker-change.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import { CHANNEL_STATES } from '../report/explain.ts';
import { type Measure, measuresOf } from './measure.ts';
import { channelsOf } from './reading.ts';

/** The reasons a channel itself has to reject: without a channel a message is unroutable. */
const NOT_REJECTED: Readonly<Record<Exclude<RejectReason, 'unknown-type' | 'ignored'>, number>> = {
  invalid: 0,
  'mailbox-full': 0,
  'not-running': 0,
  tripped: 0,
};
type NeverAccepted = 'unknown-type' | 'invalid' | 'undecodable' | 'crashed';
/** The reasons of a channel to give up accepted messages; a channel that was `removed` has no metrics. */
const NOT_GIVEN_UP: Readonly<Record<Exclude<DeadLetterReason, NeverAccepted | 'removed'>, number>> = {
  failed: 0,
  'not-retryable': 0,
  poison: 0,
  stopped: 0,
};
const NOT_RETURNED = { stopped: 0, 'stay-ended': 0 };
const IN_WINDOW = 'in the window; absent with too few calls.';
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'half-open'];

/** Adds the messages whose reason is not known yet: another thread reads the count before it gets the reason. */
function withUnknown(total: number, byReason: Readonly<Record<string, number>>): Record<string, number> {
  const known = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  return total > known ? { ...byReason, unknown: total - known } : { ...byReason };
}

const { counter, counterBy, gauge, histogram, state } = measuresOf('channel', channelsOf);
const breakers = measuresOf('channel', (reading) =>
  channelsOf(reading).flatMap(([name, { breaker }]) => (breaker === null ? [] : [[name, breaker] as const])),
);

/** What is measured of channels; first the counts of the conservation rule. */
export const channelMeasures: readonly Measure[] = [
  counter('messages.received', 'message', 'Messages handed to the channel.', (c) => c.received),
  counter('messages.accepted', 'message', 'Messages accepted.', (c) => c.accepted),
  counterBy('reason', 'messages.rejected', 'message', 'Messages rejected.', (c) =>
    withUnknown(c.rejected, { ...NOT_REJECTED, ...c.rejectedBy }),
  ),
  counter('messages.delivered', 'message', 'Messages processed.', (c) => c.delivered),
  counterBy('reason', 'messages.dead_lettered', 'message', 'Accepted messages that became dead letters.', (c) =>
    withUnknown(c.deadLettered, { ...NOT_GIVEN_UP, ...c.deadLetteredBy }),
  ),
  counter('messages.dropped', 'message', 'Messages dropped by a full mailbox.', (c) => c.dropped),
  counter('messages.conflated', 'message', 'Messages replaced by a later message of the same key.', (c) => c.conflated),
  counterBy('reason', 'messages.returned', 'message', 'Messages handed back.', (c) =>
    withUnknown(c.returned, { ...NOT_RETURNED, ...c.returnedBy }),
  ),
  gauge('messages.buffered', 'message', 'Messages that wait now.', (c) => c.buffered),
  gauge('messages.in_flight', 'message', 'Messages in a call of process now.', (c) => c.inFlight),
  gauge('offers.waiting', 'message', 'Messages that wait for room in a mailbox.', (c) => c.waitingOffers),
  gauge('mailbox.capacity', 'message', 'Capacity of all mailboxes.', (c) => c.capacity),
  gauge('oldest_message.age', 's', 'How long the oldest message has waited.', (c) => c.oldestAgeMs / 1_000),
  counter('calls', 'call', 'Calls of process, including retries.', (c) => c.calls),
  counter('failed_calls', 'call', 'Calls that failed completely or in part.', (c) => c.failures),
  counter('retries', 'call', 'Calls made after a failed call.', (c) => c.retries),
  counter('late_outcomes', 'outcome', 'Outcomes and events that came after their call was over.', (c) => c.late),
  counterBy('trigger', 'batches', 'batch', 'First attempts, by the reason why the batch was due.', (c) => ({
    ...c.batches,
  })),
  histogram('processing', 'How long calls of process took.', (c) => c.processing),
  histogram('queueing', 'How long messages waited for their first call.', (c) => c.queueing),
  counter('turns', 's', 'How long turns took, which all below priority 1 share.', (c) => c.share.spentMs / 1_000),
  gauge('turns.weight', '', 'The weight of the channel in the turns.', (c) => c.share.weight),
  state('channel.state', 'The state; of several partitions, the worst.', CHANNEL_STATES, (c) => c.health.state),
  gauge('channel.state_age', 's', 'How long the channel has been in its state.', (c) => c.health.sinceMs / 1_000),
  counter('keyless_messages', 'message', 'Messages without the key that they need.', (c) => c.keyless),
  counter('channel.restarts', 'restart', 'Restarts after a failure.', (c) => c.restarts),
  breakers.state('breaker.state', 'The state of the breaker.', BREAKER_STATES, (b) => b.state),
  breakers.counter('breaker.openings', 'opening', 'How often the breaker opened.', (b) => b.opened),
  breakers.gauge('breaker.failure_ratio', '', `Share of failed calls ${IN_WINDOW}`, (b) => b.rates.failureRate ?? null),
  breakers.gauge(
    'breaker.slow_call_ratio',
    '',
    `Share of slow calls ${IN_WINDOW}`,
    (b) => b.rates.slowCallRate ?? null,
  ),
  breakers.gauge('breaker.would_be_open', '', '1: it only observes, and would be open.', (b) => Number(b.wouldBeOpen)),
];
