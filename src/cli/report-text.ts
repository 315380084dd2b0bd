import type { Ledger } from '../core/ledger.ts';
import { type Paint, reportColumns } from './channel-table.ts';
import type { ChaosReport } from './chaos.ts';
import type { JournalReport } from './replay-journal.ts';
import { exitCodeOf, type ReplayReport } from './report.ts';
import { formatCount, formatMs, renderTable } from './table.ts';

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
