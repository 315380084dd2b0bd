import { catalog } from './catalog.ts';
import { checkedOptions, keyOf, labeled, type MetricsOptions, sameLabels } from './labels.ts';
import type { Measure } from './measure.ts';
import { prometheusName } from './prometheus.ts';
import { type Readable, type Reading, readRouter } from './reading.ts';

/** A registry of prom-client 15 or `@prometheus-io/client`; each has its own type of metric. */
export interface PrometheusRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
  getSingleMetric(name: string): unknown;
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

interface Source extends Required<MetricsOptions> {
  readonly readingFor: (measure: Measure) => Reading;
}

/** The routers that share the metrics of a registry, by their labels. */
interface Shared {
  readonly sources: Map<string, Source>;
  readonly metrics: readonly RegisteredMetric[];
}

const shares = new WeakMap<PrometheusRegistry, Shared>();

/**
 * Adds every metric of a router to the host's own registry; several routers need labels that tell them apart. Each router
 * is read once per scrape. The returned function removes its metrics. Throws what the registry throws if a name is taken,
 * and `SluiceError` `invalid-option` for labels and buckets that cannot be.
 */
export function registerMetrics(
  router: Readable,
  registry: PrometheusRegistry,
  options: MetricsOptions = {},
): () => void {
  const checked = checkedOptions('registerMetrics', options);
  const { labels } = checked;
  const key = keyOf(labels);
  const shared = sharedOf(registry);
  if (shared.sources.has(key)) throw sameLabels('registerMetrics', labels);
  const source = { readingFor: sharedReading(router), ...checked };
  shared.sources.set(key, source);
  return () => {
    if (shared.sources.get(key) !== source) return;
    shared.sources.delete(key);
    if (shared.sources.size > 0 || !isIn(registry, shared)) return;
    for (const measure of catalog) registry.removeSingleMetric(prometheusName(measure));
  };
}

/** The metrics in the registry; made if there are none, or if the host has cleared it. */
function sharedOf(registry: PrometheusRegistry): Shared {
  const known = shares.get(registry);
  if (known !== undefined && isIn(registry, known)) return known;
  const sources = new Map<string, Source>();
  const metrics = catalog.map((measure) => registered(measure, sources));
  // The registry's own type of metric also has methods for counting, which no one calls on these.
  for (const metric of metrics) registry.registerMetric(metric as never);
  shares.set(registry, { sources, metrics });
  return { sources, metrics };
}

function isIn(registry: PrometheusRegistry, { metrics }: Shared): boolean {
  return catalog.every((measure, index) => registry.getSingleMetric(prometheusName(measure)) === metrics[index]);
}

function registered(measure: Measure, sources: ReadonlyMap<string, Source>): RegisteredMetric {
  const { help, type } = measure;
  return {
    name: prometheusName(measure),
    help,
    type,
    aggregator: 'sum',
    reset() {},
    async get() {
      const { name } = this;
      const all = [...sources.values()];
      const samples = all.flatMap(({ labels, buckets, readingFor }) =>
        labeled(measure.read(readingFor(measure), buckets), labels),
      );
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
function sharedReading(router: Readable): (measure: Measure) => Reading {
  const served = new Set<Measure>();
  let reading: Reading | undefined;
  return (measure) => {
    if (served.has(measure)) reading = undefined;
    if (reading === undefined) served.clear();
    served.add(measure);
    reading ??= readRouter(router);
    return reading;
  };
}
