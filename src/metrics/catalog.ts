import type { BreakerState } from '../core/breaker-change.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import { type Measure, ofChannels, ofRouter, split, stateSet, summary } from './measure.ts';

/** The reasons a channel itself has to reject: without a channel a message is unroutable. */
const NOT_REJECTED: Readonly<Record<Exclude<RejectReason, 'unknown-type'>, number>> = {
  invalid: 0,
  'mailbox-full': 0,
  'not-running': 0,
  tripped: 0,
};
/** The reasons to give up what was accepted: what is unroutable or invalid was not. */
const NOT_GIVEN_UP: Readonly<Record<Exclude<DeadLetterReason, 'unknown-type' | 'invalid'>, number>> = {
  failed: 0,
  'not-retryable': 0,
  poison: 0,
  stopped: 0,
};
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'half-open'];
const CHANNEL_STATES = [
  'new',
  'warming',
  'idle',
  'buffering',
  'flushing',
  'retrying',
  'isolating',
  'tripped',
  'probing',
  'paused',
  'draining',
  'closing',
  'stopped',
  'failed',
];

/** What no reason is known for yet: another thread reads the count before it hears of the reason. */
function withUnknown(total: number, byReason: Readonly<Record<string, number>>): Record<string, number> {
  const known = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  return total > known ? { ...byReason, unknown: total - known } : { ...byReason };
}

/** What becomes of messages: the conservation rule, count by count. */
const fates: readonly Measure[] = [
  ofChannels('counter', ['messages.received', 'message', 'Messages handed to the channel.'], (c) => c.metrics.received),
  ofChannels('counter', ['messages.accepted', 'message', 'Messages taken in.'], (c) => c.metrics.accepted),
  split('reason', ['messages.rejected', 'message', 'Messages refused at the door.'], ({ metrics }) =>
    withUnknown(metrics.rejected, { ...NOT_REJECTED, ...metrics.rejectedBy }),
  ),
  ofChannels('counter', ['messages.delivered', 'message', 'Messages processed.'], (c) => c.metrics.delivered),
  split('reason', ['messages.dead_lettered', 'message', 'Accepted messages given up for good.'], ({ metrics }) =>
    withUnknown(metrics.deadLettered, { ...NOT_GIVEN_UP, ...metrics.deadLetteredBy }),
  ),
  ofChannels('counter', ['messages.dropped', 'message', 'Messages a full mailbox let go.'], (c) => c.metrics.dropped),
  ofChannels(
    'counter',
    ['messages.conflated', 'message', 'Messages that a later one of their key replaced.'],
    (c) => c.metrics.conflated,
  ),
  ofChannels('counter', ['messages.returned', 'message', 'Messages handed back by a stop.'], (c) => c.metrics.returned),
  ofChannels('gauge', ['messages.buffered', 'message', 'Messages that wait.'], (c) => c.metrics.buffered),
  ofChannels('gauge', ['messages.in_flight', 'message', 'Messages that process has now.'], (c) => c.metrics.inFlight),
];

const mailboxes: readonly Measure[] = [
  ofChannels('gauge', ['mailbox.capacity', 'message', 'Messages the mailboxes hold at most.'], (c) => c.capacity),
  ofChannels(
    'gauge',
    ['oldest_message.age', 's', 'How long the oldest message has waited.'],
    (c) => c.oldestAgeMs / 1_000,
  ),
];

const calls: readonly Measure[] = [
  ofChannels(
    'counter',
    ['calls', 'call', 'Calls of process, attempts after a failure included.'],
    (c) => c.metrics.calls,
  ),
  ofChannels(
    'counter',
    ['failed_calls', 'call', 'Calls that failed, as a whole or in part.'],
    (c) => c.metrics.failures,
  ),
  ofChannels('counter', ['retries', 'call', 'Calls made because one before failed.'], (c) => c.metrics.retries),
  ofChannels(
    'counter',
    ['late_outcomes', 'outcome', 'Outcomes and emits after their call was over.'],
    (c) => c.metrics.late,
  ),
  split('trigger', ['batches', 'batch', 'First attempts, by what made the batch due.'], (c) => c.metrics.batches),
  summary(['processing', 's', 'How long calls of process took, since the start.'], 'processing'),
  summary(['queueing', 's', 'How long messages waited for their first call, since the start.'], 'queueing'),
];

const channels: readonly Measure[] = [
  stateSet(
    ['channel.state', '', 'The state of the channel; of several partitions the worst.'],
    CHANNEL_STATES,
    (c) => c.health.state,
  ),
  ofChannels(
    'gauge',
    ['channel.state_age', 's', 'How long it has been in its state.'],
    (c) => c.health.sinceMs / 1_000,
  ),
  ofChannels('counter', ['channel.restarts', 'restart', 'Restarts after a failure.'], (c) => c.metrics.restarts),
  stateSet(['breaker.state', '', 'The state of the breaker.'], BREAKER_STATES, (c) => c.metrics.breaker?.state),
  ofChannels(
    'counter',
    ['breaker.openings', 'opening', 'How often the breaker opened.'],
    (c) => c.metrics.breaker?.opened ?? null,
  ),
  ofChannels(
    'gauge',
    ['breaker.failure_ratio', '', 'Failed calls in its window; absent: too few calls to tell.'],
    (c) => c.metrics.breaker?.rates.failureRate ?? null,
  ),
  ofChannels(
    'gauge',
    ['breaker.slow_call_ratio', '', 'Slow calls in its window; absent: too few calls to tell.'],
    (c) => c.metrics.breaker?.rates.slowCallRate ?? null,
  ),
  ofChannels(
    'gauge',
    ['breaker.would_be_open', '', '1: it only observes, and its limits are exceeded.'],
    ({ metrics }) => (metrics.breaker === null ? null : Number(metrics.breaker.wouldBeOpen)),
  ),
];

const router: readonly Measure[] = [
  ofRouter(
    'counter',
    ['router.messages.received', 'message', 'Everything handed to the router.'],
    (r) => r.metrics.received,
  ),
  ofRouter(
    'counter',
    ['router.messages.unroutable', 'message', 'Messages that no channel serves.'],
    (r) => r.metrics.unroutable,
  ),
  ofRouter('gauge', ['router.conserved', '', '1: every message is accounted for.'], (r) => Number(r.metrics.conserved)),
  ofRouter('gauge', ['router.live', '', '1: it has not failed and was not stopped.'], (r) => Number(r.health.live)),
  ofRouter('gauge', ['router.ready', '', '1: it takes messages in.'], (r) => Number(r.health.ready)),
  ofRouter(
    'gauge',
    ['dead_letters.stored', 'message', 'Dead letters that are kept.'],
    (r) => r.metrics.deadLetters.stored,
  ),
  ofRouter(
    'counter',
    ['dead_letters.evicted', 'message', 'Dead letters that had to make room.'],
    (r) => r.metrics.deadLetters.evicted,
  ),
  {
    name: 'callback.faults',
    type: 'counter',
    unit: 'fault',
    help: 'Callbacks of the host that threw, and records that could not be written, by place.',
    labels: ['place'],
    read: ({ metrics }) => Object.entries(metrics.faults).map(([place, value]) => ({ labels: { place }, value })),
  },
  {
    name: 'alert.active',
    type: 'gauge',
    unit: '',
    help: '1 for each alert that holds; the label channel is empty for one about the router.',
    labels: ['alert', 'channel'],
    read: ({ alerts }) => alerts.map(({ alert, channel }) => ({ labels: { alert, channel: channel ?? '' }, value: 1 })),
  },
];

/** Every metric there is, in the order in which they are told. */
export const catalog: readonly Measure[] = [...fates, ...mailboxes, ...calls, ...channels, ...router];
