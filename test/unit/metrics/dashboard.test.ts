import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { createCounters } from '../../../src/core/counters.ts';
import { ThreadWatch } from '../../../src/inspector/thread-watch.ts';
import { readRouter } from '../../../src/metrics/reading.ts';
import { createTestRouter, messages } from '../../../src/testing/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { parsed } from '../../support/exposition.ts';
import { textOf } from '../../support/project-files.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Variable {
  readonly name: string;
  readonly definition?: string;
}

const dashboard: {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
} = JSON.parse(textOf('config/grafana-dashboard.json'));
const targets = dashboard.panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })));
/** What a Prometheus server adds by itself. */
const ADDED = ['job', 'instance'];

/** A query as Prometheus gets it, once Grafana has put its range in. */
function asSent(query: string): string {
  return query.replaceAll('$__rate_interval', '5m');
}

/** The texts of all nodes of these kinds; throws where the query is not PromQL. */
function partsOf(query: string, kind: string): string[] {
  const found: string[] = [];
  parser.parse(query).iterate({
    enter: ({ name, from, to, type }) => {
      if (type.isError) throw new SyntaxError(`not PromQL at ${from}: ${query}`);
      if (name === kind) found.push(query.slice(from, to));
    },
  });
  return found;
}

/** The metrics with their labels that the thread tells, which are all there are. */
async function exposed(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
  // Enough calls for the breaker to tell its rates.
  rig.router.routeAll(messages('tick', 40));
  // With an alert, so that its metric has labels too.
  const reading = { ...readRouter(rig.router), alerts: [{ alert: 'hung', channel: 'tick' }] as const };
  const clock = createSimulatedClock();
  const counters = { tick: [createCounters()] };
  const scraped = new ThreadWatch({ reading, counters }, () => {}, clock, 1_000).metrics();
  await clock.advance(1_000);
  const metrics = new Map<string, Set<string>>();
  for (const { name, labels } of parsed(await scraped))
    metrics.set(name, new Set([...(metrics.get(name) ?? ADDED), ...Object.keys(labels)]));
  return metrics;
}

describe('the Grafana dashboard', () => {
  it.each(targets)('$title: $expr names metrics and labels that exist', async ({ expr }) => {
    const metrics = await exposed();
    const query = asSent(expr);
    const named = partsOf(query, 'VectorSelector');
    expect(named.length).toBeGreaterThan(0);
    const labels = new Set<string>();
    for (const selector of named) {
      const [name = ''] = partsOf(selector, 'Identifier');
      expect([...metrics.keys()]).toContain(name);
      for (const label of metrics.get(name) ?? []) labels.add(label);
      for (const label of partsOf(selector, 'LabelName')) expect([...(metrics.get(name) ?? [])]).toContain(label);
    }
    for (const label of partsOf(query, 'LabelName')) expect([...labels]).toContain(label);
  });

  it.each(targets)('$title: the legend $legendFormat shows labels that the query leaves', ({ expr, legendFormat }) => {
    const [grouping] = partsOf(asSent(expr), 'GroupingLabels');
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    if (expr.startsWith('sluice_')) return expect(shown).toEqual(['alert', 'channel']);
    expect(shown.filter((label) => !grouping?.includes(label ?? ''))).toEqual([]);
  });

  it('rates are taken of counters only, and gauges are never summed over a range', () => {
    for (const { expr } of targets) {
      for (const call of partsOf(asSent(expr), 'FunctionCall'))
        expect(call).toMatch(/^(rate|increase)\(sluice_\w+_(total|bucket)\{|^histogram_quantile\(/);
    }
  });

  it('a quantile is taken of the rates of buckets, added up by channel and limit', () => {
    const quantiles = targets.filter(({ expr }) => /(queueing|processing)_seconds/.test(expr));
    expect(quantiles.map(({ expr }) => expr.replaceAll(/\{[^}]*\}/g, ''))).toEqual(
      ['queueing', 'processing'].flatMap((what) =>
        ['0.5', '0.99'].map(
          (share) =>
            `histogram_quantile(${share}, sum by (channel, le) (rate(sluice_${what}_seconds_bucket[$__rate_interval])))`,
        ),
      ),
    );
  });

  it('lists the values of metrics and labels that exist', async () => {
    const metrics = await exposed();
    const queries = dashboard.templating.list.flatMap(({ definition = [] }) => definition);
    expect(queries).toHaveLength(3);
    for (const query of queries) {
      const [, name = '', label = ''] = /^label_values\((\w+).*, (\w+)\)$/.exec(query) ?? [];
      expect([...(metrics.get(name) ?? [])]).toContain(label);
    }
  });

  it('uses only variables it defines', () => {
    const defined = new Set(dashboard.templating.list.map(({ name }) => name));
    const used = [...textOf('config/grafana-dashboard.json').matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    const others = used.filter((name) => !defined.has(name) && !name.startsWith('__'));
    expect(others).toEqual([]);
  });

  it('says what each panel shows, and no two overlap', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { id, title, description } of dashboard.panels)
      expect([id, title, description].every(Boolean)).toBe(true);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('a query that is not PromQL is found', () => {
    expect(() => partsOf('sum by (channel (rate(a[5m]))', 'VectorSelector')).toThrow('not PromQL');
  });
});
