import { isConserved, type Ledger } from '../core/ledger.ts';
import type { ChannelMetrics, Distribution, RouterMetrics } from '../index.ts';
import { type Paint, reportColumns } from './channel-table.ts';
import type { ChaosReport } from './chaos.ts';
import type { JournalReport } from './replay-journal.ts';
import { formatCount, formatMs, renderTable } from './table.ts';

/** A channel in the report: its metrics, with only the percentiles of durations. */
interface ChannelReport extends Omit<ChannelMetrics, 'processing' | 'queueing'> {
  readonly processing: Percentiles;
  readonly queueing: Percentiles;
}

type Percentiles = Omit<Distribution, 'buckets' | 'sumMs'>;

/** The report of `replay`; `--json` prints exactly this. */
export interface ReplayReport {
  readonly received: number;
  readonly elapsedMs: number;
  readonly perSecond: number;
  readonly unroutable: number;
  /** Messages that the configuration says nobody wants. */
  readonly ignored: number;
  readonly malformed: number;
  /** Files that could not be read, or not to their end. */
  readonly unreadable: readonly string[];
  readonly channels: Readonly<Record<string, ChannelReport>>;
  /** How many events the channels put out, by type. */
  readonly events: Readonly<Record<string, number>>;
  /** Whether the counters account for every message; computed from the numbers above. */
  readonly conserved: boolean;
  /** What was injected, with `--chaos`. */
  readonly chaos?: ChaosReport;
  /** What all processes of the replay have come to, with `--journal`. */
  readonly journal?: JournalReport;
}

/** What the command itself counted and measured. */
export interface Run {
  readonly elapsedMs: number;
  /** Messages handed to the router, counted outside of it. */
  readonly sent: number;
  readonly malformed: number;
  readonly unreadable: readonly string[];
  readonly events: ReadonlyMap<string, number>;
  readonly chaos?: ChaosReport | undefined;
  readonly journal?: JournalReport | undefined;
}

/** The report of a run, from the router's counters. */
export function createReport(metrics: RouterMetrics, run: Run): ReplayReport {
  const channels: Record<string, ChannelReport> = {};
  for (const [name, { processing, queueing, ...channel }] of Object.entries(metrics.channels))
    channels[name] = { ...channel, processing: percentilesOf(processing), queueing: percentilesOf(queueing) };
  const { received, unroutable, ignored } = metrics;
  return {
    received,
    elapsedMs: run.elapsedMs,
    perSecond: run.elapsedMs > 0 ? (received / run.elapsedMs) * 1_000 : 0,
    unroutable,
    ignored,
    malformed: run.malformed,
    unreadable: run.unreadable,
    channels,
    events: Object.fromEntries(run.events),
    conserved: run.sent === received && isAccountedFor(received, unroutable + ignored, Object.values(channels)),
    ...(run.chaos && { chaos: run.chaos }),
    ...(run.journal && { journal: run.journal }),
  };
}

function percentilesOf({ buckets: _, sumMs: __, ...percentiles }: Distribution): Percentiles {
  return percentiles;
}

/** Whether every message is in exactly one counter: of the router, and within each channel. */
export function isAccountedFor(received: number, unserved: number, channels: readonly Ledger[]): boolean {
  const sum = channels.reduce((total, channel) => total + channel.received, unserved);
  return received === sum && channels.every(isConserved);
}

/** 1 if a message is not accounted for or the input had faults; an unroutable message is not a fault. */
export function exitCodeOf(report: ReplayReport): number {
  return report.conserved && report.malformed === 0 && report.unreadable.length === 0 ? 0 : 1;
}

type Fate = Exclude<keyof Ledger, 'received' | 'accepted'>;

const FATES: readonly (readonly [Fate, string])[] = [
  ['delivered', 'delivered'],
  ['deadLettered', 'dead-lettered'],
  ['dropped', 'dropped'],
  ['conflated', 'conflated'],
  ['returned', 'returned'],
  ['rejected', 'rejected'],
  ['buffered', 'still buffered'],
  ['inFlight', 'still in flight'],
];

const NOTHING =
  'No message was received. Each line of the input must be a JSON message or an array of messages (see --help); a journal keeps settled messages only for its keepMs.';

/** The report as text. */
export function reportText(report: ReplayReport, width: number, paint: Paint): string {
  const { journal } = report;
  const troubles = problems(report).map((problem) => paint('yellow', problem));
  if (report.received === 0) return [...troubles, journal ? journalText(journal) : NOTHING, ''].join('\n');
  const rows = Object.entries(report.channels).map(([name, channel]) => ({ name, ...channel }));
  const events = Object.entries(report.events).map(([type, count]) => `${formatCount(count)} ${type}`);
  return [
    `${formatCount(report.received)} messages in ${formatMs(report.elapsedMs)}: ${formatCount(report.perSecond)} a second`,
    '',
    ...renderTable(reportColumns(paint), rows, width),
    '',
    `events: ${events.length > 0 ? events.join(', ') : 'none'}`,
    ...(report.chaos === undefined ? [] : [chaosText(report.chaos)]),
    ...(journal === undefined ? [] : [journalText(journal)]),
    ...troubles,
    exitCodeOf(report) === 0 ? accounting(report) : paint('red', accounting(report)),
    '',
  ].join('\n');
}

function chaosText({ seed, faults }: ChaosReport): string {
  const counts = Object.entries(faults).map(([fault, count]) => `${formatCount(count)} ${fault}`);
  return `chaos, seed ${seed}: ${counts.join(', ')}`;
}

function journalText({ directory, letters, messages, settled, settledBefore }: JournalReport): string {
  const counts = `${formatCount(settled)} of ${formatCount(messages)} messages are settled`;
  const before = `${formatCount(settledBefore)} of them before this run`;
  return `journal ${directory}: ${counts}, ${before}; ${formatCount(letters)} dead letters`;
}

function problems(report: ReplayReport): string[] {
  return [
    ...(report.unroutable > 0 ? [`unroutable: ${formatCount(report.unroutable)}, of a type no channel takes`] : []),
    ...(report.malformed > 0 ? [`malformed lines, skipped: ${formatCount(report.malformed)}`] : []),
    ...report.unreadable.map((problem) => `not read: ${problem}`),
  ];
}

function accounting(report: ReplayReport): string {
  const total = (fate: Fate) => Object.values(report.channels).reduce((sum, channel) => sum + channel[fate], 0);
  const parts = FATES.map(([fate, label]) => [total(fate), label] as const);
  const unserved = [[report.unroutable, 'unroutable'] as const, [report.ignored, 'ignored'] as const];
  const all = [...parts, ...unserved].filter(([count]) => count > 0);
  const sum = all.map(([count, label]) => `${formatCount(count)} ${label}`).join(' + ');
  return report.conserved
    ? `Every message is accounted for: ${formatCount(report.received)} received = ${sum}.`
    : `NOT every message is accounted for: ${formatCount(report.received)} received, but ${sum || '0'}.`;
}
