import { expect, it } from 'vitest';
import { catalog } from '../../../src/metrics/catalog.ts';
import { prometheusName } from '../../../src/metrics/prometheus.ts';
import { textOf } from '../../support/project-files.ts';

const guide = textOf('docs/guides/monitoring.md');
const rows = guide.split('\n').filter((line) => line.startsWith('| `sluice_'));

it.each(catalog.map((measure) => [prometheusName(measure), measure] as const))(
  'the guide tells of %s and its labels',
  (name, { labels }) => {
    const row = rows.find((line) => line.includes(`\`${name}\``));
    expect(row).toBeDefined();
    const [, , named = ''] = row?.split('|') ?? [];
    expect([...named.matchAll(/`(\w+)`/g)].map(([, label]) => label)).toEqual(
      labels.filter((label) => label !== 'channel'),
    );
  },
);

it('the guide names no metric that does not exist', () => {
  const histograms = catalog.filter(({ type }) => type === 'histogram').map(prometheusName);
  const known = new Set([
    ...catalog.map(prometheusName),
    ...histograms.flatMap((name) => ['bucket', 'sum', 'count'].map((suffix) => `${name}_${suffix}`)),
    'sluice_main_thread_stuck',
    'sluice_main_thread_silent_seconds',
  ]);
  const named = [...guide.matchAll(/sluice_\w*[a-z]/g)].map(([name]) => name);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
