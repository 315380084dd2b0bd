import { catalog } from './catalog.ts';
import type { Measure, Sample } from './measure.ts';
import { type Readable, type Reading, readRouter } from './reading.ts';

/** The content type of a response with `prometheusText`. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All metrics of a router, in Prometheus' text format 0.0.4. The router is read at each call; nothing runs in between. */
export function prometheusText(router: Readable): string {
  return textOf(readRouter(router));
}

/** A reading in Prometheus' text format; `more` metrics come after those of the catalog. */
export function textOf(reading: Reading, more: readonly Measure[] = []): string {
  return [...catalog, ...more].map((measure) => family(measure, measure.read(reading))).join('');
}

/** The Prometheus name of a metric: the counter `messages.received` is `sluice_messages_received_total`. */
export function prometheusName({ name, type, unit }: Pick<Measure, 'name' | 'type' | 'unit'>): string {
  const suffix = unit === 's' ? '_seconds' : unit === 'By' ? '_bytes' : '';
  return `sluice_${name.replaceAll('.', '_')}${suffix}${type === 'counter' ? '_total' : ''}`;
}

function family(measure: Measure, samples: readonly Sample[]): string {
  const name = prometheusName(measure);
  const lines = samples.map(({ labels, value, suffix = '' }) => `${name}${suffix}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${measure.help}\n# TYPE ${name} ${measure.type}\n${lines.join('')}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
