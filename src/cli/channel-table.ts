import { type Column, formatCount, formatMs } from './table.ts';

/** A channel as the tables show it. */
export interface ChannelRow {
  readonly name: string;
  readonly state: string;
  readonly received: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly restarts: number;
  /** How long messages waited, and how long `process` took. */
  readonly queueing: Percentiles;
  readonly processing: Percentiles;
}

/** A channel while it runs. */
export interface LiveRow extends ChannelRow {
  readonly depth: number;
  readonly capacity: number;
  readonly perSecond: number;
}

interface Percentiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Colours a text, or leaves it as it is where colours are not wanted. */
export type Paint = (colour: 'red' | 'yellow' | 'green' | 'dim', text: string) => string;

const TROUBLE: ReadonlySet<string> = new Set(['failed', 'tripped']);
const RECOVERY: ReadonlySet<string> = new Set(['retrying', 'isolating', 'probing', 'paused']);

/** The columns of the live table. */
export function liveColumns(paint: Paint): Column<LiveRow>[] {
  return [
    nameColumn,
    stateColumn(paint),
    { title: 'depth', expendable: 3, text: (row) => `${formatCount(row.depth)}/${formatCount(row.capacity)}` },
    countColumn('received', 5, (row) => row.received),
    countColumn('delivered', 0, (row) => row.delivered),
    { title: 'per s', expendable: 1, text: (row) => formatCount(row.perSecond) },
    ...waitColumns,
    countColumn('dead', 2, (row) => row.deadLettered, paint),
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
    ...waitColumns,
    { title: 'call p50', expendable: 9, text: (row) => time(row.processing, 'p50Ms') },
    { title: 'call p99', expendable: 9, text: (row) => time(row.processing, 'p99Ms') },
  ];
}

const nameColumn: Column<ChannelRow> = { title: 'channel', expendable: 0, isText: true, text: (row) => row.name };

const waitColumns: readonly Column<ChannelRow>[] = [
  { title: 'wait p50', expendable: 6, text: (row) => time(row.queueing, 'p50Ms') },
  { title: 'wait p99', expendable: 4, text: (row) => time(row.queueing, 'p99Ms') },
];

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

/** A counter; with `paint`, one that should be 0. */
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

function time(percentiles: Percentiles, which: 'p50Ms' | 'p99Ms'): string {
  return percentiles.count > 0 ? formatMs(percentiles[which]) : '–';
}
