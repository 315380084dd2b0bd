import type { ChannelHealth } from '../report/health.ts';
import type { SourceMetrics } from '../report/source-metrics.ts';
import { type Measure, ofNamed } from './measure.ts';
import type { Reading } from './reading.ts';

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

/** The part of a reading about one source. */
interface SourceReading extends SourceMetrics {
  readonly health: ChannelHealth;
}

const ofSources = ofNamed('source', sourcesOf);

/** What is measured of sources. Frames are counted, not messages. */
export const sourceMeasures: readonly Measure[] = [
  ofSources(
    'gauge',
    ['source.state', '', 'The state of the source.'],
    ({ state }) => SOURCE_STATES.map((each) => [each, Number(each === state)]),
    'state',
  ),
  ofSources('gauge', ['source.state_age', 's', 'How long the source has been in its state.'], (source) => [
    ['', source.health.sinceMs / 1_000],
  ]),
  ofSources('counter', ['source.frames.read', 'frame', 'Frames read.'], ({ read }) => [['', read]]),
  ofSources('counter', ['source.frames.committed', 'frame', 'Frames that the source was told are settled.'], (s) => [
    ['', s.committed],
  ]),
  ofSources(
    'counter',
    ['source.frames.left', 'frame', 'Frames read in stays that ended before a commit; they are read again.'],
    ({ left }) => [['', left]],
  ),
  ofSources(
    'gauge',
    ['source.frames.held', 'frame', 'Frames read and not committed, by the place where they are.'],
    ({ places }) => Object.entries(places),
    'place',
  ),
  ofSources(
    'gauge',
    ['source.oldest_frame.age', 's', 'How long the oldest frame that is not settled has been here.'],
    ({ oldestMs }) => [['', oldestMs / 1_000]],
  ),
  ofSources('gauge', ['source.partitions', 'partition', 'Partitions that belong to this process.'], (source) => [
    ['', source.partitions],
  ]),
  ofSources(
    'counter',
    ['source.positions.missed', 'position', 'Positions that the source removed before they were read.'],
    ({ missed }) => [['', missed]],
  ),
  {
    ...ofSources(
      'gauge',
      ['source.members', 'member', 'Members that share the partitions, as this one sees it.'],
      (s) => (s.cluster === undefined ? [] : [['', s.cluster.members.filter(({ isThere }) => isThere).length]]),
    ),
    together: 'max',
  },
  {
    ...ofSources(
      'gauge',
      ['source.partitions.unowned', 'partition', 'Partitions that no member has, as this one sees it.'],
      ({ cluster }) => (cluster === undefined ? [] : [['', cluster.partitions.filter((p) => p.owner === null).length]]),
    ),
    together: 'max',
  },
  {
    ...ofSources(
      'gauge',
      ['source.partition.lag', 'frame', 'Frames after the last commit, of partitions that this member has.'],
      (source) => ownOf(source).flatMap(({ lag, partition }) => (lag === null ? [] : [[String(partition), lag]])),
      'partition',
    ),
    together: 'max',
  },
  ofSources(
    'gauge',
    ['source.partition.commit_age', 's', 'How long ago the last commit was, of partitions that this member has.'],
    (source) => ownOf(source).map(({ committedMs, partition }) => [String(partition), committedMs / 1_000]),
    'partition',
  ),
  ofSources('counter', ['source.restarts', 'restart', 'Starts after a failure.'], ({ restarts }) => [['', restarts]]),
];

function ownOf({ cluster }: SourceReading) {
  return cluster?.partitions.filter(({ owner }) => owner === cluster.member) ?? [];
}

function sourcesOf({ metrics, health }: Reading): readonly (readonly [string, SourceReading])[] {
  return Object.entries(metrics.sources).flatMap(([name, each]) => {
    const its = health.sources[name];
    // Both were read at the same moment.
    return its === undefined ? [] : [[name, { ...each, health: its }] as const];
  });
}
