import type { ClusterView, PartitionStatus } from '../../core/cluster-view.ts';
import type { ChannelRow, FeedRow, SourceRow, Tone } from '../protocol.ts';
import { toneOfOwnership } from '../tone.ts';
import { make } from './dom.ts';
import { count } from './format.ts';

type Numbers = readonly (readonly [name: string, value: number, meaning: string])[];

/** The counters of a channel, as the conservation rule has them. */
export function channelTable(row: ChannelRow): HTMLElement {
  const { received, rejected, delivered, deadLettered, shed, depth, inFlight } = row;
  const accepted = received - rejected;
  const returned = accepted - (delivered + deadLettered + shed + depth + inFlight);
  const back = returned === 0 ? {} : { 'handed back': returned };
  const parts = { delivered, 'dead-lettered': deadLettered, shed, waiting: depth, 'in flight': inFlight, ...back };
  return table(law('accepted', accepted, parts), [
    ['received', received, 'handed to the channel'],
    ['rejected', rejected, 'not accepted; the caller got the reason'],
    ['accepted', accepted, 'taken into the mailbox'],
    ['delivered', delivered, 'processed without an error'],
    ['dead-lettered', deadLettered, 'given up and kept as dead letters, with the reason'],
    ['shed', shed, 'dropped or conflated in the mailbox'],
    ['waiting', depth, 'in the mailbox, or waiting for the next attempt'],
    ['in flight', inFlight, 'in a call of process'],
    ['retries', row.retries, 'calls after a failed attempt'],
    ['restarts', row.restarts, 'new starts after a failure'],
  ]);
}

/** The counters of a source, as its law has them. */
export function sourceTable({ committed, held, left, places, read, missed, restarts }: SourceRow): HTMLElement {
  return table(law('read', read, { committed, left, held }), [
    ['read', read, 'frames read'],
    ['committed', committed, 'frames that the source was told are settled'],
    ['left', left, 'frames of stays that ended before a commit; they are read again'],
    ['held', held, 'frames read and not committed, in these places:'],
    ['reader', places.reader, 'nothing of the frame was offered yet'],
    ['offers', places.offers, 'its messages are being offered, or wait for room'],
    ['channels', places.channels, 'all were offered, and some are not settled'],
    ['letters', places.letters, 'dead letters of it are being written'],
    ['settled', places.settled, 'it waits for its commit, or for a frame before it'],
    ['missed', missed, 'positions removed before they were read'],
    ['restarts', restarts, 'new starts after a failure'],
  ]);
}

/** The counters of a feed, as its law has them. */
export function feedTable(row: FeedRow): HTMLElement {
  const { delivered, dropped, gaps, held, ignored, received, refused, repeatedDropped, returned } = row;
  const lost = dropped + repeatedDropped + returned;
  return table(law('received', received, { delivered, refused, ignored, held, 'let go': lost }), [
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
  return table(text, [
    ['fence', fence, 'stays so far'],
    ['position', position, 'everything up to there is settled'],
    ...(lag === null ? [] : [['lag', lag, 'frames that were appended after it'] as const]),
    ['takeovers', takeovers, 'stays that ended without a release since the position moved'],
  ]);
}

/** `5 read = 3 committed + 2 held`. */
function law(whole: string, total: number, parts: Readonly<Record<string, number>>): string {
  const sum = Object.entries(parts).map(([name, value]) => `${count(value)} ${name}`);
  return `${count(total)} ${whole} = ${sum.join(' + ')}`;
}

function table(caption: string, numbers: Numbers): HTMLElement {
  const rows = numbers.map(([name, value, meaning]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: 'number' }, count(value)),
      make('td', { class: 'muted' }, meaning),
    ),
  );
  return make('table', { class: 'numbers' }, make('caption', {}, caption), make('tbody', {}, ...rows));
}
