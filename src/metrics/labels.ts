import { isMap } from '../config/field.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { invalidOption, type SluiceError } from '../core/sluice-error.ts';
import { checkBuckets, DEFAULT_BUCKETS } from './bucket-counts.ts';
import { catalog } from './catalog.ts';
import type { Sample } from './measure.ts';

/** Labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** How the metrics of a router are told. */
export interface MetricsOptions {
  /** Labels for every metric, which tell several routers apart: `{ router: 'eu' }`. Default: none. */
  readonly labels?: Labels;
  /**
   * The upper limits of the buckets of histograms, in seconds and rising; at most 200. Only histograms with the same limits can be added
   * up. Default: 10 µs to 100 s, three per decade.
   */
  readonly buckets?: readonly number[];
}

const metricsOptions: OptionNames<MetricsOptions> = { labels: true, buckets: true };
const OUR_LABELS: ReadonlySet<string> = new Set(catalog.flatMap(({ labels }) => labels));

/** The options with their defaults. Throws `SluiceError` `invalid-option` for what Prometheus or sluice refuses. */
export function checkedOptions(functionName: string, options: MetricsOptions): Required<MetricsOptions> {
  checkOptions(functionName, options, metricsOptions);
  const { labels = {}, buckets = DEFAULT_BUCKETS } = options;
  if (!isMap(labels)) throw invalidOption(`${functionName}: labels must be a map of strings`);
  for (const [name, value] of Object.entries(labels)) {
    const what = `${functionName}: the label ${JSON.stringify(name)}`;
    if (!/^(?!__)[a-zA-Z_]\w*$/.test(name))
      throw invalidOption(`${what} must be letters, digits and _, and begin with no digit or __`);
    if (OUR_LABELS.has(name)) throw invalidOption(`${what} is one of sluice's own`);
    if (typeof value !== 'string') throw invalidOption(`${what} must have a string, got ${String(value)}`);
  }
  return { labels: { ...labels }, buckets: checkBuckets(functionName, buckets) };
}

/** Says that two routers would have the same metrics. */
export function sameLabels(functionName: string, labels: Labels): SluiceError {
  const text = `${functionName}: two routers have the labels ${JSON.stringify(labels)}; give each its own: { labels: { router: 'a' } }`;
  return invalidOption(text);
}

/** The same for the same labels, whatever their order. */
export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/** Samples with further labels. */
export function labeled(samples: readonly Sample[], labels: Labels): readonly Sample[] {
  return samples.map((sample) => ({ ...sample, labels: { ...labels, ...sample.labels } }));
}
