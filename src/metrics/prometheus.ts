import { catalog } from './catalog.ts';
import { checkedOptions, keyOf, labeled, type MetricsOptions, sameLabels } from './labels.ts';
import type { Measure, Sample } from './measure.ts';
import { type Readable, type Reading, readRouter } from './reading.ts';

/** The content type of a response with `prometheusText`. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A router among several on one page, and the labels that tell it from the others. */
export interface LabeledRouter extends MetricsOptions {
  readonly router: Readable;
}

/**
 * All metrics of a router, or of several that their labels tell apart, in Prometheus' text format 0.0.4. The routers are
 * read at each call; nothing runs in between. Throws `SluiceError` `invalid-option` for labels and buckets that cannot be.
 */
export function prometheusText(router: Readable | readonly LabeledRouter[], options: MetricsOptions = {}): string {
  if (!isList(router)) return textOf([{ reading: readRouter(router), ...checkedOptions('prometheusText', options) }]);
  const seen = new Set<string>();
  const readings = router.map(({ router: each, ...own }) => {
    const checked = checkedOptions('prometheusText', own);
    const { labels } = checked;
    if (seen.has(keyOf(labels))) throw sameLabels('prometheusText', labels);
    seen.add(keyOf(labels));
    return { reading: readRouter(each), ...checked };
  });
  return textOf(readings);
}

function isList(router: Readable | readonly LabeledRouter[]): router is readonly LabeledRouter[] {
  return Array.isArray(router);
}

/** Readings in Prometheus' text format; `more` metrics come after those of the catalog. */
export function textOf(
  readings: readonly (Required<MetricsOptions> & { readonly reading: Reading })[],
  more: readonly Measure[] = [],
): string {
  // Each metric stands once, with the samples of all routers: a second head for it is an error.
  const samplesOf = (measure: Measure): readonly Sample[] =>
    readings.flatMap(({ reading, labels, buckets }) => labeled(measure.read(reading, buckets), labels));
  return [...catalog, ...more].map((measure) => family(measure, samplesOf(measure))).join('');
}

/** The Prometheus name of a metric: the counter `messages.received` is `sluice_messages_received_total`. */
export function prometheusName({ name, type, unit }: Pick<Measure, 'name' | 'type' | 'unit'>): string {
  const suffix = unit === 's' ? '_seconds' : unit === 'By' ? '_bytes' : '';
  return `sluice_${name.replaceAll('.', '_')}${suffix}${type === 'counter' ? '_total' : ''}`;
}

/** One metric in Prometheus' text format, with all its samples. */
export function family(measure: Omit<Measure, 'labels' | 'read'>, samples: readonly Sample[]): string {
  const name = prometheusName(measure);
  const lines = samples.map(({ labels, value, suffix = '' }) => `${name}${suffix}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${measure.help}\n# TYPE ${name} ${measure.type}\n${lines.join('')}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
