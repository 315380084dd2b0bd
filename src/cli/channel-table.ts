import type { BreakerMetrics, ChannelMetrics, Distribution } from '../index.ts';
import type { ChannelReading } from '../metrics/reading.ts';
import { type Column, formatCount, formatMs } from './table.ts';

/** A channel as the tables show it. */
export interface ChannelRow
  extends Pick<ChannelMetrics, 'state' | 'received' | 'delivered' | 'deadLettered' | 'restarts'> {
  readonly name: string;
  /** How long messages waited, and how long `process` took. */
  readonly queueing: Percentiles;
  readonly processing: Percentiles;
}

/** A channel while it runs. */
export interface LiveRow extends ChannelRow, Pick<ChannelReading, 'depth' | 'capacity' | 'oldestAgeMs'> {
  readonly perSecond: number;
  /** How long it has been in its state. */
  readonly sinceMs: number;
  /** Null: the channel has no breaker. */
  readonly breaker: Pick<BreakerMetrics, 'state' | 'wouldBeOpen'> | null;
}

type Percentiles = Pick<Distribution, 'count' | 'p50Ms' | 'p99Ms'>;

/** Colors a string, or returns it unchanged if colors are off. */
export type Paint = (color: 'red' | 'yellow' | 'green' | 'dim', text: string) => string;

const TROUBLE: ReadonlySet<string> = new Set(['failed', 'tripped']);
const RECOVERY: ReadonlySet<string> = new Set(['retrying', 'isolating', 'probing', 'paused']);

/** From this share of its capacity on a mailbox stands out; the alert `mailbox-high` is raised there too. */
const NEARLY_FULL = 0.8;

/** The columns of the live table. */
export function liveColumns(paint: Paint): Column<LiveRow>[] {
  return [
    nameColumn,
    stateColumn(paint),
    depthColumn(paint),
    countColumn('received', 5, (row) => row.received),
    countColumn('delivered', 0, (row) => row.delivered),
    { title: 'per s', expendable: 1, text: (row) => formatCount(row.perSecond) },
    { title: 'since', expendable: 7, text: (row) => formatAge(row.sinceMs) },
    { title: 'oldest', expendable: 3, text: (row) => (row.oldestAgeMs > 0 ? formatAge(row.oldestAgeMs) : '–') },
    ...timeColumns,
    countColumn('dead', 2, (row) => row.deadLettered, paint),
    breakerColumn(paint),
    countColumn('restarts', 7, (row) => row.restarts, paint),
  ];
}

/** The columns of the final table. */
export function reportColumns(paint: Paint): Column<ChannelRow>[] {
  return [
    nameColumn,
    { ...stateColumn(paint), expendable: 8 },
    countColumn('received', 1, (row) => row.received),
    countColumn('delivered', 0, (row) => row.delivered),
    countColumn('dead', 2, (row) => row.deadLettered, paint),
    countColumn('restarts', 7, (row) => row.restarts, paint),
    ...timeColumns,
  ];
}

const nameColumn: Column<ChannelRow> = { title: 'channel', expendable: 0, isText: true, text: (row) => row.name };

const timeColumns: readonly Column<ChannelRow>[] = [
  timeColumn('wait p50', 6, ({ queueing }) => queueing, 'p50Ms'),
  timeColumn('wait p99', 4, ({ queueing }) => queueing, 'p99Ms'),
  timeColumn('call p50', 9, ({ processing }) => processing, 'p50Ms'),
  timeColumn('call p99', 9, ({ processing }) => processing, 'p99Ms'),
];

function depthColumn(paint: Paint): Column<LiveRow> {
  return {
    title: 'depth',
    expendable: 3,
    text: (row) => `${formatCount(row.depth)}/${formatCount(row.capacity)}`,
    style: (row, cell) => (row.depth >= NEARLY_FULL * row.capacity && row.depth > 0 ? paint('yellow', cell) : cell),
  };
}

function breakerColumn(paint: Paint): Column<LiveRow> {
  return {
    title: 'breaker',
    expendable: 8,
    isText: true,
    text: ({ breaker }) => (isObserving(breaker) ? 'would open' : (breaker?.state ?? '–')),
    style: ({ breaker }, cell) => {
      if (breaker?.state === 'open') return paint('red', cell);
      return breaker?.state === 'half-open' || isObserving(breaker) ? paint('yellow', cell) : cell;
    },
  };
}

/** The breaker is closed although its limits are exceeded. */
function isObserving(breaker: LiveRow['breaker']): boolean {
  return breaker?.state === 'closed' && breaker.wouldBeOpen;
}

function stateColumn(paint: Paint): Column<ChannelRow> {
  return {
    title: 'state',
    expendable: 0,
    isText: true,
    text: (row) => row.state,
    style: ({ state }, cell) => {
      if (TROUBLE.has(state)) return paint('red', cell);
      if (RECOVERY.has(state)) return paint('yellow', cell);
      return state === 'idle' || state === 'stopped' ? paint('dim', cell) : paint('green', cell);
    },
  };
}

/** A counter; `paint` colors a counter that should be 0. */
function countColumn(
  title: string,
  expendable: number,
  of: (row: ChannelRow) => number,
  paint?: Paint,
): Column<ChannelRow> {
  return {
    title,
    expendable,
    text: (row) => formatCount(of(row)),
    style: (row, cell) => (paint !== undefined && of(row) > 0 ? paint('red', cell) : cell),
  };
}

function timeColumn(
  title: string,
  expendable: number,
  of: (row: ChannelRow) => Percentiles,
  which: 'p50Ms' | 'p99Ms',
): Column<ChannelRow> {
  return { title, expendable, text: (row) => (of(row).count > 0 ? formatMs(of(row)[which]) : '–') };
}

/** A running time, in steps coarse enough to read: `<1s`, `59s`, `3min`, `2h`, `4d`. */
export function formatAge(ms: number): string {
  if (ms < 1_000) return '<1s';
  if (ms < 120_000) return `${Math.floor(ms / 1_000)}s`;
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)}min`;
  return ms < 172_800_000 ? `${Math.floor(ms / 3_600_000)}h` : `${Math.floor(ms / 86_400_000)}d`;
}
