import type { ClusterView, PartitionStatus } from '../../core/cluster-view.ts';
import type { FeedRow, SourceRow, Tone } from '../protocol.ts';
import { toneOfOwnership } from '../tone.ts';
import { make } from './dom.ts';
import { count, duration } from './format.ts';

type Facts = readonly (readonly [title: string, value: string])[];
type Numbers = readonly (readonly [name: string, value: number, meaning: string])[];

export function sourceFacts(row: SourceRow): Facts {
  return [
    ['read', count(row.read)],
    ['committed', count(row.committed)],
    ['held', count(row.held)],
    ['oldest', row.oldestMs === null ? '–' : duration(row.oldestMs)],
    ['partitions', count(row.partitions)],
  ];
}

export function feedFacts(row: FeedRow): Facts {
  return [
    ['received', count(row.received)],
    ['delivered', count(row.delivered)],
    ['quiet for', row.lastMessageAgeMs === null ? '–' : duration(row.lastMessageAgeMs)],
    ['lag', row.lagMs === null ? '–' : duration(Math.max(0, row.lagMs))],
    ['reconnects', count(row.reconnects)],
    ['open gaps', count(row.gaps.found - row.gaps.closed)],
  ];
}

/** One partition of a source that several processes share, as it is now. */
export interface PartitionRow extends PartitionStatus {
  readonly name: string;
  readonly tone: Tone;
  readonly sentence: string;
}

export function partitionRows(clusters: Readonly<Record<string, ClusterView>>): readonly PartitionRow[] {
  return Object.entries(clusters).flatMap(([source, { partitions }]) =>
    partitions.map((each) => {
      return { ...each, name: `${source}/${each.partition}`, tone: toneOfOwnership(each.state), sentence: each.text };
    }),
  );
}

export function partitionTable({ fence, lag, position, takeovers, text }: PartitionRow): HTMLElement {
  return lawTable(text, [
    ['fence', fence, 'stays so far'],
    ['position', position, 'everything up to there is settled'],
    ...(lag === null ? [] : [['lag', lag, 'frames that were appended after it'] as const]),
    ['takeovers', takeovers, 'stays that ended without a release since the position moved'],
  ]);
}

/** The counters of a source, as its law has them. */
export function sourceTable(row: SourceRow): HTMLElement {
  const { committed, held, left, places, read } = row;
  const numbers: Numbers = [
    ['read', read, 'frames read'],
    ['committed', committed, 'frames that the source was told are settled'],
    ['left', left, 'frames of stays that ended before a commit; they are read again'],
    ['held', held, 'frames read and not committed, in these places:'],
    ['reader', places.reader, 'nothing of the frame was offered yet'],
    ['offers', places.offers, 'its messages are being offered, or wait for room'],
    ['channels', places.channels, 'all were offered, and some are not settled'],
    ['letters', places.letters, 'dead letters of it are being written'],
    ['settled', places.settled, 'it waits for its commit, or for a frame before it'],
    ['missed', row.missed, 'positions removed before they were read'],
    ['restarts', row.restarts, 'new starts after a failure'],
  ];
  return lawTable(
    `${count(read)} read = ${count(committed)} committed + ${count(left)} left + ${count(held)} held`,
    numbers,
  );
}

/** The counters of a feed, as its law has them. */
export function feedTable(row: FeedRow): HTMLElement {
  const { delivered, dropped, gaps, held, ignored, received, refused, repeatedDropped, returned } = row;
  const lost = dropped + repeatedDropped + returned;
  const law =
    `${count(received)} received = ${count(delivered)} delivered + ${count(refused)} refused + ` +
    `${count(ignored)} ignored + ${count(held)} held + ${count(lost)} let go`;
  return lawTable(law, [
    ['frames', row.frames, 'frames read'],
    ['bytes', row.bytes, 'bytes of them'],
    ['received', received, 'messages read'],
    ['delivered', delivered, 'taken in by the router, or written to the journal'],
    ['spilled', row.spilled, 'of these: to the journal, for want of room'],
    ['refused', refused, 'the router did not want them; its dead letters say why'],
    ['ignored', ignored, 'nobody wants their type'],
    ['held', held, 'they wait for room'],
    ['dropped', dropped, 'nobody had room'],
    ['repeated', row.repeated, 'had a number that came before'],
    ['gaps', gaps.found, `found; ${count(gaps.closed)} are closed`],
    ['missing', gaps.missing, 'messages known to be missing in them'],
    ['control', row.control, 'messages about the connection'],
    ['garbage', row.garbage, 'what is no message'],
    ['connections', row.connections, 'sockets opened, or tried to'],
    ['reconnects', row.reconnects, 'how often messages could come again'],
    ['refusals', row.refusals, 'how often the service said no'],
    ['limits', row.limits, 'how often it said that there is too much'],
  ]);
}

function lawTable(law: string, numbers: Numbers): HTMLElement {
  const rows = numbers.map(([name, value, meaning]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: 'number' }, count(value)),
      make('td', { class: 'muted' }, meaning),
    ),
  );
  return make('table', { class: 'numbers' }, make('caption', {}, law), make('tbody', {}, ...rows));
}
