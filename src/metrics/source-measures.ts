import type { SourceMetrics } from '../report/source-metrics.ts';
import { type Measure, measuresOf, together } from './measure.ts';
import { withHealth } from './reading.ts';

const SOURCE_STATES = [
  'new',
  'starting',
  'standby',
  'reading',
  'held',
  'revoking',
  'recovering',
  'waiting',
  'failed',
  'draining',
  'releasing',
  'closing',
  'stopped',
];

const { counter, gauge, gaugeBy, state } = measuresOf('source', ({ metrics, health }) =>
  withHealth(metrics.sources, health.sources),
);

/** What is measured of sources. Frames are counted, not messages. */
export const sourceMeasures: readonly Measure[] = [
  state('source.state', 'The state of the source.', SOURCE_STATES, (s) => s.state),
  gauge('source.state_age', 's', 'How long the source has been in its state.', (s) => s.health.sinceMs / 1_000),
  counter('source.frames.read', 'frame', 'Frames read.', (s) => s.read),
  counter('source.frames.committed', 'frame', 'Frames that the source was told are settled.', (s) => s.committed),
  counter(
    'source.frames.left',
    'frame',
    'Frames read in stays that ended before a commit; they are read again.',
    (s) => s.left,
  ),
  gaugeBy(
    'place',
    'source.frames.held',
    'frame',
    'Frames read and not committed, by the place where they are.',
    (s) => ({ ...s.places }),
  ),
  gauge(
    'source.oldest_frame.age',
    's',
    'How long the oldest frame that is not settled has been here.',
    (s) => s.oldestMs / 1_000,
  ),
  gauge('source.partitions', 'partition', 'Partitions that belong to this process.', (s) => s.partitions),
  counter(
    'source.positions.missed',
    'position',
    'Positions that the source removed before they were read.',
    (s) => s.missed,
  ),
  ...together('max', [
    gauge('source.members', 'member', 'Members that share the partitions, as this one sees it.', ({ cluster }) =>
      cluster === undefined ? null : cluster.members.filter(({ isThere }) => isThere).length,
    ),
    gauge(
      'source.partitions.unowned',
      'partition',
      'Partitions that no member has, as this one sees it.',
      ({ cluster }) => (cluster === undefined ? null : cluster.partitions.filter(({ owner }) => owner === null).length),
    ),
    gaugeBy(
      'partition',
      'source.partition.lag',
      'frame',
      'Frames after the last commit, of partitions that this member has.',
      ({ cluster }) =>
        Object.fromEntries(ownOf(cluster).flatMap(({ lag, partition }) => (lag === null ? [] : [[partition, lag]]))),
    ),
  ]),
  gaugeBy(
    'partition',
    'source.partition.commit_age',
    's',
    'How long ago the last commit was, of partitions that this member has.',
    ({ cluster }) =>
      Object.fromEntries(ownOf(cluster).map(({ committedMs, partition }) => [partition, committedMs / 1_000])),
  ),
  counter('source.restarts', 'restart', 'Starts after a failure.', (s) => s.restarts),
];

function ownOf(cluster: SourceMetrics['cluster']) {
  return cluster?.partitions.filter(({ owner }) => owner === cluster.member) ?? [];
}
