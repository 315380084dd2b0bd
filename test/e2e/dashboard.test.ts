import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DrawnPanel, drawDashboard } from '../support/drawn-dashboard.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { projectRoot, textOf } from '../support/project-files.ts';
import { PrometheusServer, type Series, whyWithoutPrometheus } from '../support/prometheus-server.ts';
import { SCRAPE_S, scrapedRun } from '../support/scraped-run.ts';
import { browserNote, isWithoutBrowser, launchBrowser } from './inspector-rig.ts';

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

interface Panel extends Omit<DrawnPanel, 'series'> {
  readonly targets: readonly Target[];
}

const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(textOf('config/grafana-dashboard.json'));
const targets = panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })));
/** With SCREENSHOTS=keep the picture of the docs is taken anew: look at it before it is committed. */
const isKept = process.env.SCREENSHOTS === 'keep';
const why = whyWithoutPrometheus();

/** A query as Grafana sends it, with nothing chosen in the filters. */
function asSent(query: string): string {
  return query.replaceAll(/\$(job|instance|channel)\b/g, '.*').replaceAll('$__rate_interval', `${4 * SCRAPE_S}s`);
}

describe.skipIf(why !== undefined)(
  `the Grafana dashboard on a real Prometheus${why ? ` (SKIPPED: ${why})` : ''}`,
  () => {
    const temporary = emptyDirectory(afterAll);
    let server: PrometheusServer;
    let endS: number;

    beforeAll(async () => {
      const { scrapes, endMs } = await scrapedRun();
      endS = endMs / 1_000;
      server = await PrometheusServer.startWith(scrapes);
    });

    afterAll(() => server.end());

    const lines = (expr: string): Promise<readonly Series[]> =>
      server.range(asSent(expr), endS - 1_800 + SCRAPE_S, endS, SCRAPE_S);
    const valuesOf = async (title: string, where: (series: Series) => boolean = () => true): Promise<number[]> => {
      const all = await Promise.all(targets.filter((target) => target.title === title).map(({ expr }) => lines(expr)));
      return all
        .flat()
        .filter(where)
        .flatMap(({ values }) => values.map(([, value]) => Number(value)));
    };

    it.each(targets)('$title: $expr finds something in half an hour with faults', async ({ expr }) => {
      expect((await lines(expr)).length).toBeGreaterThan(0);
    });

    it('the rates add up to what was counted', async () => {
      const delivered = await valuesOf('Delivered', ({ metric }) => metric.channel === 'fmv');
      const [counted] = await lines('sluice_messages_delivered_total{channel="fmv"}');
      const sum = delivered.reduce((total, rate) => total + rate * SCRAPE_S, 0);
      expect(sum / Number(counted?.values.at(-1)?.[1])).toBeCloseTo(1, 1);
    });

    it('the quantiles of the histograms are within the durations that the sink had', async () => {
      // 1 to 7 ms; the buckets around them end at 1 and 10.
      const seconds = await valuesOf('Processing time', ({ metric }) => metric.channel === 'fmv');
      const known = seconds.filter((value) => !Number.isNaN(value));
      expect(known.length).toBeGreaterThan(100);
      expect(Math.min(...known)).toBeGreaterThanOrEqual(0.001);
      expect(Math.max(...known)).toBeLessThanOrEqual(0.01);
    });

    it.skipIf(isWithoutBrowser)(`is drawn${browserNote}`, async () => {
      const drawn = await Promise.all(
        panels.map(async ({ targets: its, ...panel }) => {
          const found = await Promise.all(its.map(async (target) => ({ ...target, series: await lines(target.expr) })));
          const series = found.flatMap(({ legendFormat, series: each }) =>
            each.map(({ metric, values }) => ({ name: legendOf(legendFormat, metric), metric, values })),
          );
          return { ...panel, series };
        }),
      );
      const browser = await launchBrowser();
      const page = await browser.newPage({ viewport: { width: 1440, height: 1480 }, timezoneId: 'UTC' });
      const errors: unknown[] = [];
      page.on('pageerror', (error) => errors.push(error));
      await page.setContent(drawDashboard(drawn));
      await page.screenshot({ path: join(isKept ? join(projectRoot, 'docs', 'images') : temporary, 'dashboard.png') });
      expect(errors).toEqual([]);
      expect(await page.locator('section').count()).toBe(panels.length);
      expect(await page.locator('section:has(.uplot)').count()).toBe(
        panels.filter(({ type }) => type === 'timeseries').length,
      );
      await browser.close();
    });
  },
);

/** The name of a line as Grafana makes it: `{{channel}} p99`. */
function legendOf(format: string, metric: Series['metric']): string {
  return format.replaceAll(/{{\s*(\w+)\s*}}/g, (_, label: string) => metric[label] ?? '');
}
