import { createSystemClock } from '../adapters/system-clock.ts';
import type { Distribution } from '../core/histogram.ts';
import { bucketCounts } from './bucket-counts.ts';
import { checkedOptions, type MetricsOptions } from './labels.ts';
import { channelsOf, type Readable, readRouter } from './reading.ts';

// The numbers that OpenTelemetry's SDK has for these; sluice does not import it.
const HISTOGRAM = 0;
const CUMULATIVE = 1;
const DOUBLE = 1;

/** Seconds, and nanoseconds beside them, as OpenTelemetry writes a time. */
type Time = [seconds: number, nanos: number];

interface HistogramPoint {
  readonly startTime: Time;
  readonly endTime: Time;
  readonly attributes: Record<string, string>;
  readonly value: {
    readonly buckets: { boundaries: number[]; counts: number[] };
    readonly count: number;
    readonly sum: number;
    readonly max?: number;
  };
}

interface HistogramMetric {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: typeof DOUBLE;
  };
  readonly aggregationTemporality: typeof CUMULATIVE;
  readonly dataPointType: typeof HISTOGRAM;
  readonly dataPoints: HistogramPoint[];
}

/** The resource of a producer, which is not used: a reader puts the one of its provider in its place. */
interface UnusedResource {
  readonly attributes: Record<string, never>;
  merge<Other>(other: Other | null): Other | UnusedResource;
  getRawAttributes(): [];
}

/** What a reader of OpenTelemetry's SDK takes as one of its `metricProducers`. */
export interface HistogramProducer {
  collect(): Promise<{
    readonly resourceMetrics: {
      readonly resource: UnusedResource;
      readonly scopeMetrics: { readonly scope: { readonly name: string }; readonly metrics: HistogramMetric[] }[];
    };
    readonly errors: unknown[];
  }>;
}

const resource: UnusedResource = {
  attributes: {},
  merge: (other) => other ?? resource,
  getRawAttributes: () => [],
};

/**
 * The histograms of a router for `metricProducers` of a reader of OpenTelemetry's SDK, with explicit buckets, cumulative
 * since the process began. Calls of `process` are `messaging.process.duration` of the semantic conventions, with its
 * attributes. Throws `SluiceError` `invalid-option` for labels and buckets that cannot be.
 */
export function histogramProducer(router: Readable, options: MetricsOptions = {}): HistogramProducer {
  const { labels, buckets } = checkedOptions('histogramProducer', options);
  const clock = createSystemClock();
  const startTime = timeAt(clock.wallTime() - clock.now());
  return {
    async collect() {
      const channels = channelsOf(readRouter(router));
      const endTime = timeAt(clock.wallTime());
      const pointsOf = (which: 'processing' | 'queueing', attributesOf: (channel: string) => Record<string, string>) =>
        channels.map(([channel, metrics]): HistogramPoint => {
          const attributes = { ...labels, ...attributesOf(channel) };
          return { startTime, endTime, attributes, value: histogramOf(metrics[which], buckets) };
        });
      const metrics = [
        metric('messaging.process.duration', 'How long calls of process took.', pointsOf('processing', conventional)),
        metric(
          'sluice.queueing',
          'How long messages waited for their first call.',
          pointsOf('queueing', (channel) => ({ channel })),
        ),
      ];
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'sluice' }, metrics }] }, errors: [] };
    },
  };
}

/** What the semantic conventions want to know of a call. */
function conventional(channel: string): Record<string, string> {
  return {
    channel,
    'messaging.system': 'sluice',
    'messaging.operation.name': 'process',
    'messaging.destination.name': channel,
  };
}

function metric(name: string, description: string, dataPoints: HistogramPoint[]): HistogramMetric {
  const descriptor = { name, description, unit: 's', valueType: DOUBLE } as const;
  return { descriptor, aggregationTemporality: CUMULATIVE, dataPointType: HISTOGRAM, dataPoints };
}

function histogramOf(durations: Distribution, limits: readonly number[]): HistogramPoint['value'] {
  const { count, sumMs, maxMs } = durations;
  const buckets = { boundaries: [...limits], counts: bucketCounts(durations, limits) };
  return { buckets, count, sum: sumMs / 1_000, ...(count > 0 && { max: maxMs / 1_000 }) };
}

function timeAt(wallMs: number): Time {
  const ms = Math.round(wallMs);
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}
