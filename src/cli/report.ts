import { isConserved, type Ledger } from '../core/ledger.ts';
import type { ChannelMetrics, Distribution, RouterMetrics } from '../index.ts';
import type { ChaosReport } from './chaos.ts';
import type { JournalReport } from './replay-journal.ts';

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
