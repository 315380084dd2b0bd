import type { SourceMetrics } from '../report/source-metrics.ts';
import { type Measure, measuresOf, together } from './measure.ts';
import { type Reading, withHealth } from './reading.ts';

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

const sourcesOf = ({ metrics, health }: Reading) => withHealth(metrics.sources, health.sources);
const { counter, gauge, gaugeBy, state } = measuresOf('source', sourcesOf);
/** Of those that several processes share. */
const shared = measuresOf('source', (reading) =>
  sourcesOf(reading).flatMap(([name, { cluster }]) => (cluster === undefined ? [] : [[name, cluster] as const])),
);

/** What is measured of sources. Frames are counted, not messages. */
export const sourceMeasures: readonly Measure[] = [
  state('source.state', 'The state of the source.', SOURCE_STATES, (s) => s.state),
  gauge('source.state_age', 's', 'How long the source has been in its state.', (s) => s.health.sinceMs / 1_000),
  counter('source.frames.read', 'frame', 'Frames read.', (s) => s.read),
  counter('source.frames.committed', 'frame', 'Frames that the source was told are settled.', (s) => s.committed),
  counter('source.frames.left', 'frame', 'Frames read in stays that ended before a commit.', (s) => s.left),
  gaugeBy('place', 'source.frames.held', 'frame', 'Frames read and not committed, by place.', (s) => ({ ...s.places })),
  gauge('source.oldest_frame.age', 's', 'Age of the oldest unsettled frame.', (s) => s.oldestMs / 1_000),
  gauge('source.partitions', 'partition', 'Partitions that belong to this process.', (s) => s.partitions),
  counter('source.positions.missed', 'position', 'Positions that were removed before they were read.', (s) => s.missed),
  ...together('max', [
    shared.gauge(
      'source.members',
      'member',
      'Members that share the partitions, as this one sees it.',
      ({ members }) => members.filter(({ isThere }) => isThere).length,
    ),
    shared.gauge(
      'source.partitions.unowned',
      'partition',
      'Partitions that no member has, as this one sees it.',
      (c) => c.partitions.filter(({ owner }) => owner === null).length,
    ),
    shared.gaugeBy(
      'partition',
      'source.partition.lag',
      'frame',
      'Frames after the last commit, by own partition.',
      (c) => Object.fromEntries(ownOf(c).flatMap(({ lag, partition }) => (lag === null ? [] : [[partition, lag]]))),
    ),
  ]),
  shared.gaugeBy(
    'partition',
    'source.partition.commit_age',
    's',
    'Time since the last commit, by own partition.',
    (c) => Object.fromEntries(ownOf(c).map(({ committedMs, partition }) => [partition, committedMs / 1_000])),
  ),
  counter('source.restarts', 'restart', 'Starts after a failure.', (s) => s.restarts),
];

function ownOf({ member, partitions }: NonNullable<SourceMetrics['cluster']>) {
  return partitions.filter(({ owner }) => owner === member);
}
