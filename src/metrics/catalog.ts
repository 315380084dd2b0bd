import { channelMeasures } from './channel-measures.ts';
import { feedMeasures } from './feed-measures.ts';
import { type Measure, measuresOf } from './measure.ts';
import { sourceMeasures } from './source-measures.ts';

const { counter, counterBy, gauge } = measuresOf(null, (reading) => [['', reading]]);

const wholeRouter: readonly Measure[] = [
  counter('router.messages.received', 'message', 'Messages handed to the router.', (r) => r.metrics.received),
  counter('router.messages.unroutable', 'message', 'Messages that no channel takes.', (r) => r.metrics.unroutable),
  counter(
    'router.messages.ignored',
    'message',
    'Messages that nobody wants, by configuration or rule.',
    (r) => r.metrics.ignored,
  ),
  gauge('router.conserved', '', '1: every message is accounted for.', (r) => Number(r.metrics.conserved)),
  gauge('router.live', '', '1: the router has not failed and was not stopped.', (r) => Number(r.health.live)),
  gauge('router.ready', '', '1: the router accepts messages.', (r) => Number(r.health.ready)),
  gauge('dead_letters.stored', 'message', 'Dead letters in the store.', (r) => r.metrics.deadLetters.stored),
  gauge(
    'dead_letters.waiting',
    'message',
    'Dead letters that their store does not have yet.',
    (r) => r.metrics.deadLetters.waiting,
  ),
  counter(
    'dead_letters.evicted',
    'message',
    'Dead letters evicted from the full store.',
    (r) => r.metrics.deadLetters.evicted,
  ),
  counter(
    'dead_letters.skipped',
    'message',
    'Refused messages that made no dead letter: too many of their kind.',
    (r) => r.metrics.deadLetters.skipped,
  ),
  gauge('dead_letters.size', 'By', 'About how many bytes the dead letters take.', (r) => r.metrics.deadLetters.bytes),
  counterBy(
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
export const catalog: readonly Measure[] = [...channelMeasures, ...sourceMeasures, ...feedMeasures, ...wholeRouter];
