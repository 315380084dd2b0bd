import type { BreakerState } from '../core/breaker-change.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';
import { feedMeasures } from './feed-measures.ts';
import { type Measure, measuresOf } from './measure.ts';
import { channelsOf } from './reading.ts';
import { sourceMeasures } from './source-measures.ts';

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

/** Adds the messages whose reason is not known yet: another thread reads the count before it gets the reason. */
function withUnknown(total: number, byReason: Readonly<Record<string, number>>): Record<string, number> {
  const known = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  return total > known ? { ...byReason, unknown: total - known } : { ...byReason };
}

const channel = measuresOf('channel', channelsOf);
const router = measuresOf(null, (reading) => [['', reading]]);

/** The counts of the conservation rule. */
const fates: readonly Measure[] = [
  channel.counter('messages.received', 'message', 'Messages handed to the channel.', (c) => c.metrics.received),
  channel.counter('messages.accepted', 'message', 'Messages accepted.', (c) => c.metrics.accepted),
  channel.counterBy('reason', 'messages.rejected', 'message', 'Messages rejected.', ({ metrics }) =>
    withUnknown(metrics.rejected, { ...NOT_REJECTED, ...metrics.rejectedBy }),
  ),
  channel.counter('messages.delivered', 'message', 'Messages processed.', (c) => c.metrics.delivered),
  channel.counterBy(
    'reason',
    'messages.dead_lettered',
    'message',
    'Accepted messages that became dead letters.',
    ({ metrics }) => withUnknown(metrics.deadLettered, { ...NOT_GIVEN_UP, ...metrics.deadLetteredBy }),
  ),
  channel.counter('messages.dropped', 'message', 'Messages dropped by a full mailbox.', (c) => c.metrics.dropped),
  channel.counter(
    'messages.conflated',
    'message',
    'Messages replaced by a later message of the same key.',
    (c) => c.metrics.conflated,
  ),
  channel.counterBy('reason', 'messages.returned', 'message', 'Messages handed back.', ({ metrics }) =>
    withUnknown(metrics.returned, { ...NOT_RETURNED, ...metrics.returnedBy }),
  ),
  channel.gauge('messages.buffered', 'message', 'Messages that wait now.', (c) => c.metrics.buffered),
  channel.gauge('messages.in_flight', 'message', 'Messages in a call of process now.', (c) => c.metrics.inFlight),
];

const mailboxes: readonly Measure[] = [
  channel.gauge(
    'offers.waiting',
    'message',
    'Messages that wait for room in a mailbox.',
    (c) => c.metrics.waitingOffers,
  ),
  channel.gauge('mailbox.capacity', 'message', 'Capacity of all mailboxes.', (c) => c.capacity),
  channel.gauge('oldest_message.age', 's', 'How long the oldest message has waited.', (c) => c.oldestAgeMs / 1_000),
];

const calls: readonly Measure[] = [
  channel.counter('calls', 'call', 'Calls of process, including retries.', (c) => c.metrics.calls),
  channel.counter('failed_calls', 'call', 'Calls that failed completely or in part.', (c) => c.metrics.failures),
  channel.counter('retries', 'call', 'Calls made after a failed call.', (c) => c.metrics.retries),
  channel.counter(
    'late_outcomes',
    'outcome',
    'Outcomes and events that came after their call was over.',
    (c) => c.metrics.late,
  ),
  channel.counterBy('trigger', 'batches', 'batch', 'First attempts, by the reason why the batch was due.', (c) => ({
    ...c.metrics.batches,
  })),
  channel.histogram('processing', 'How long calls of process took.', (c) => c.metrics.processing),
  channel.histogram('queueing', 'How long messages waited for their first call.', (c) => c.metrics.queueing),
  channel.counter(
    'turns',
    's',
    'How long the turns of the channel took, which all below priority 1 share.',
    (c) => c.metrics.share.spentMs / 1_000,
  ),
  channel.gauge('turns.weight', '', 'The weight of the channel in the turns.', (c) => c.metrics.share.weight),
];

const states: readonly Measure[] = [
  channel.state(
    'channel.state',
    'The state of the channel; with several partitions, the worst state.',
    CHANNEL_STATES,
    (c) => c.health.state,
  ),
  channel.gauge(
    'channel.state_age',
    's',
    'How long the channel has been in its state.',
    (c) => c.health.sinceMs / 1_000,
  ),
  channel.counter(
    'keyless_messages',
    'message',
    'Messages without the key that their partition or conflate depends on.',
    (c) => c.metrics.keyless,
  ),
  channel.counter('channel.restarts', 'restart', 'Restarts after a failure.', (c) => c.metrics.restarts),
  channel.state('breaker.state', 'The state of the breaker.', BREAKER_STATES, (c) => c.metrics.breaker?.state),
  channel.counter(
    'breaker.openings',
    'opening',
    'How often the breaker opened.',
    (c) => c.metrics.breaker?.opened ?? null,
  ),
  channel.gauge(
    'breaker.failure_ratio',
    '',
    'Share of failed calls in the window; absent with too few calls.',
    (c) => c.metrics.breaker?.rates.failureRate ?? null,
  ),
  channel.gauge(
    'breaker.slow_call_ratio',
    '',
    'Share of slow calls in the window; absent with too few calls.',
    (c) => c.metrics.breaker?.rates.slowCallRate ?? null,
  ),
  channel.gauge('breaker.would_be_open', '', '1: a breaker with observeOnly would be open.', ({ metrics }) =>
    metrics.breaker === null ? null : Number(metrics.breaker.wouldBeOpen),
  ),
];

const wholeRouter: readonly Measure[] = [
  router.counter('router.messages.received', 'message', 'Messages handed to the router.', (r) => r.metrics.received),
  router.counter(
    'router.messages.unroutable',
    'message',
    'Messages that no channel takes.',
    (r) => r.metrics.unroutable,
  ),
  router.counter(
    'router.messages.ignored',
    'message',
    'Messages that nobody wants, by configuration or rule.',
    (r) => r.metrics.ignored,
  ),
  router.gauge('router.conserved', '', '1: every message is accounted for.', (r) => Number(r.metrics.conserved)),
  router.gauge('router.live', '', '1: the router has not failed and was not stopped.', (r) => Number(r.health.live)),
  router.gauge('router.ready', '', '1: the router accepts messages.', (r) => Number(r.health.ready)),
  router.gauge('dead_letters.stored', 'message', 'Dead letters in the store.', (r) => r.metrics.deadLetters.stored),
  router.gauge(
    'dead_letters.waiting',
    'message',
    'Dead letters that their store does not have yet.',
    (r) => r.metrics.deadLetters.waiting,
  ),
  router.counter(
    'dead_letters.evicted',
    'message',
    'Dead letters evicted from the full store.',
    (r) => r.metrics.deadLetters.evicted,
  ),
  router.counter(
    'dead_letters.skipped',
    'message',
    'Refused messages that made no dead letter: too many of their kind.',
    (r) => r.metrics.deadLetters.skipped,
  ),
  router.gauge(
    'dead_letters.size',
    'By',
    'About how many bytes the dead letters take.',
    (r) => r.metrics.deadLetters.bytes,
  ),
  router.counterBy(
    'place',
    'callback.faults',
    'fault',
    'Exceptions in callbacks of the host, and records that could not be written, by place.',
    (r) => r.metrics.faults,
  ),
  {
    name: 'alert.active',
    type: 'gauge',
    unit: '',
    help: '1 for each active alert; the labels channel, source and feed are empty where it is about none.',
    labels: ['alert', 'channel', 'source', 'feed'],
    read: ({ alerts }) =>
      alerts.map(({ alert, channel, source = '', feed = '' }) => ({
        labels: { alert, channel: channel ?? '', source, feed },
        value: 1,
      })),
  },
];

/** All metrics, in the order of the exposition. */
export const catalog: readonly Measure[] = [
  ...fates,
  ...mailboxes,
  ...calls,
  ...states,
  ...sourceMeasures,
  ...feedMeasures,
  ...wholeRouter,
];
