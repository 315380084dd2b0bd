import { channelMeasures } from './channel-measures.ts';
import { feedMeasures } from './feed-measures.ts';
import { type Measure, measuresOf } from './measure.ts';
import { sourceMeasures } from './source-measures.ts';

const { counter, counterBy, gauge } = measuresOf(null, ({ metrics }) => [['', metrics]]);
const letters = measuresOf(null, ({ metrics }) => [['', metrics.deadLetters]]);
const health = measuresOf(null, (reading) => [['', reading.health]]);

const wholeRouter: readonly Measure[] = [
  counter('router.messages.received', 'message', 'Messages handed to the router.', (r) => r.received),
  counter('router.messages.unroutable', 'message', 'Messages that no channel takes.', (r) => r.unroutable),
  counter('router.messages.ignored', 'message', 'Messages that nobody wants.', (r) => r.ignored),
  gauge('router.conserved', '', '1: every message is accounted for.', (r) => Number(r.conserved)),
  health.gauge('router.live', '', '1: the router has not failed and was not stopped.', (r) => Number(r.live)),
  health.gauge('router.ready', '', '1: the router accepts messages.', (r) => Number(r.ready)),
  letters.gauge('dead_letters.stored', 'message', 'Dead letters in the store.', (d) => d.stored),
  letters.gauge('dead_letters.waiting', 'message', 'Dead letters not in their store yet.', (d) => d.waiting),
  letters.counter('dead_letters.evicted', 'message', 'Dead letters evicted from the full store.', (d) => d.evicted),
  letters.counter(
    'dead_letters.skipped',
    'message',
    'Refused messages without a letter of their own.',
    (d) => d.skipped,
  ),
  letters.gauge('dead_letters.size', 'By', 'About how many bytes the dead letters take.', (d) => d.bytes),
  counterBy('place', 'callback.faults', 'fault', 'Exceptions in callbacks, and records not written.', (r) => r.faults),
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
