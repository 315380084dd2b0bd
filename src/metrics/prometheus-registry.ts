import { catalog } from './catalog.ts';
import type { Measure } from './measure.ts';
import { prometheusName } from './prometheus.ts';
import { type Readable, type Reading, readRouter } from './reading.ts';

/** A registry of prom-client 15 or `@prometheus-io/client`; each has its own type of metric. */
export interface PrometheusRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** What both libraries need of a metric in their registry. */
interface RegisteredMetric {
  /** Not readonly: for OpenMetrics the registry removes `_total`. */
  name: string;
  readonly help: string;
  readonly type: Measure['type'];
  readonly aggregator: 'sum';
  get(): Promise<object>;
  reset(): void;
}

/**
 * Adds every metric of a router to the host's own registry. The router is read once per scrape. The returned function
 * removes the metrics. Throws what the registry throws if a name is taken: two routers need two registries.
 */
export function registerMetrics(router: Readable, registry: PrometheusRegistry): () => void {
  const readings = new SharedReading(router);
  const metrics = catalog.map((measure) => registered(measure, readings));
  // The registry's own type of metric also has methods for counting, which no one calls on these.
  for (const metric of metrics) registry.registerMetric(metric as never);
  return () => {
    for (const measure of catalog) registry.removeSingleMetric(prometheusName(measure));
  };
}

function registered(measure: Measure, readings: SharedReading): RegisteredMetric {
  const { help, type } = measure;
  return {
    name: prometheusName(measure),
    help,
    type,
    aggregator: 'sum',
    reset() {},
    async get() {
      const { name } = this;
      const samples = measure.read(readings.next(measure));
      const values = samples.map(({ labels, value, suffix }) => {
        return suffix === undefined ? { labels, value } : { labels, value, metricName: `${name}${suffix}` };
      });
      return { name, help, type, aggregator: 'sum', values };
    },
  };
}

/**
 * One reading for all metrics of a scrape. A registry reads each metric once per scrape, but does not mark the end of a
 * scrape: the second read of a metric begins the next one.
 */
class SharedReading {
  readonly #router: Readable;
  readonly #served = new Set<Measure>();
  #reading: Reading | undefined;

  constructor(router: Readable) {
    this.#router = router;
  }

  next(measure: Measure): Reading {
    if (this.#reading === undefined || this.#served.has(measure)) {
      this.#reading = readRouter(this.#router);
      this.#served.clear();
    }
    this.#served.add(measure);
    return this.#reading;
  }
}
