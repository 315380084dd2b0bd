import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { Counters } from '../core/counters.ts';
import { countLedger } from '../core/ledger.ts';
import type { MetricsOptions } from '../metrics/labels.ts';
import type { Reading } from '../metrics/reading.ts';
import type { RouterHealth } from '../report/health.ts';
import { countsOf } from '../report/metrics.ts';

/** A question of the thread: whether the main thread still answers, or a whole reading. */
export type Question = 'beat' | 'reading';

/** What the main thread answers. */
export interface Answer {
  readonly to: Question;
  readonly health: RouterHealth;
  /** Undefined: a beat, and there are still the same channels. */
  readonly all?: Everything;
}

/** Everything there is to show. */
export interface Everything {
  readonly reading: Reading;
  /** The counters of each channel, by partition, in shared memory: they keep counting. */
  readonly counters: Readonly<Record<string, readonly Counters[]>>;
}

/** Where the thread serves, to whom, and how metrics are told. */
export interface Service extends Required<MetricsOptions> {
  readonly host: string;
  readonly port: number;
  readonly metricsPath: string;
  readonly healthPath: string;
  /** False: everyone who reaches the port may ask. */
  readonly token: string | false;
  readonly stuckAfterMs: number;
}

/** What the thread needs to begin. */
export type ThreadData = Service & { readonly first: Everything };

/** A message of the thread beside its questions: first its port, or why it does not listen; later what fails. */
export type Greeting = { readonly port: number } | { readonly error: string };

/** A reading with the counts as they are at this moment, whatever the main thread is doing. */
export function withCounters({ reading, counters }: Everything): Reading {
  const channels = Object.entries(reading.metrics.channels).map(([name, metrics]) => {
    const partitions = counters[name];
    return [name, partitions === undefined ? metrics : counted(metrics, partitions)] as const;
  });
  const { ignored, unroutable } = reading.metrics;
  const received = channels.reduce((sum, [, metrics]) => sum + metrics.received, unroutable + ignored);
  return { ...reading, metrics: { ...reading.metrics, received, channels: Object.fromEntries(channels) } };
}

function counted(metrics: ChannelMetrics, partitions: readonly Counters[]): ChannelMetrics {
  const sum = (index: keyof Counters): number => partitions.reduce((total, counts) => total + counts[index], 0);
  const ledger = countLedger(sum);
  return { ...metrics, ...countsOf(sum), ...ledger, depth: ledger.buffered };
}
