import { catalog } from './catalog.ts';
import { checkedOptions, type MetricsOptions } from './labels.ts';
import type { Measure } from './measure.ts';
import { type Readable, readRouter } from './reading.ts';

/** The used part of a `Meter` of `@opentelemetry/api`; the host passes its own, so sluice does not import the package. */
export interface Meter<Instrument> {
  createObservableCounter(name: string, options: InstrumentOptions): Instrument;
  createObservableGauge(name: string, options: InstrumentOptions): Instrument;
  addBatchObservableCallback(callback: BatchCallback<Instrument>, instruments: Instrument[]): void;
  removeBatchObservableCallback(callback: BatchCallback<Instrument>, instruments: Instrument[]): void;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

type BatchCallback<Instrument> = (result: {
  observe(instrument: Instrument, value: number, attributes: Record<string, string>): void;
}) => void;

/**
 * Makes every metric of a router but its histograms an observable instrument of OpenTelemetry; `labels` become attributes.
 * The router is read once per collection. The returned function removes the instruments. There is no observable histogram:
 * `histogramProducer` has those.
 */
export function observeMetrics<Instrument>(
  router: Readable,
  meter: Meter<Instrument>,
  options: MetricsOptions = {},
): () => void {
  const { labels: own } = checkedOptions('observeMetrics', options);
  const observed = catalog.filter(({ type }) => type !== 'histogram');
  const instruments = observed.map((measure) => [measure, instrumentFor(measure, meter)] as const);
  const observe: BatchCallback<Instrument> = (result) => {
    const reading = readRouter(router);
    for (const [measure, instrument] of instruments) {
      for (const { labels, value } of measure.read(reading, []))
        result.observe(instrument, value, { ...own, ...labels });
    }
  };
  const all = instruments.map(([, instrument]) => instrument);
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

function instrumentFor<Instrument>({ name, type, unit, help }: Measure, meter: Meter<Instrument>): Instrument {
  const options = { description: help, unit: unit === 's' || unit === '' ? unit : `{${unit}}` };
  if (type === 'counter') return meter.createObservableCounter(`sluice.${name}`, options);
  return meter.createObservableGauge(`sluice.${name}`, options);
}
