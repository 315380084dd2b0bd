import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { projectRoot } from './project-files.ts';
import type { Series } from './prometheus-server.ts';

/** A panel of a Grafana dashboard with what its queries found. */
export interface DrawnPanel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly series: readonly (Series & { readonly name: string })[];
}

/** A page with the panels of a dashboard in its grid, drawn by uPlot. */
export function drawDashboard(panels: readonly DrawnPanel[]): string {
  const entry = join(projectRoot, 'test/support/dashboard-page.ts');
  const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, write: false, logLevel: 'error' });
  const style = readFileSync(join(projectRoot, 'node_modules/uplot/dist/uPlot.min.css'), 'utf8');
  const data = JSON.stringify(panels).replaceAll('<', '\\u003c');
  return `<!doctype html><style>${style}
body { margin: 8px; font: 12px system-ui; background: #f4f5f5; display: grid; gap: 6px;
  grid-template-columns: repeat(24, 1fr); grid-auto-rows: 26px }
section { background: #fff; border: 1px solid #ddd; padding: 4px 8px; overflow: hidden; min-width: 0;
  position: relative; display: flex; flex-direction: column }
h2 { font-size: 12px; margin: 0 0 2px }
.stat { font-size: 32px; text-align: center; margin-top: 16px }
.row { display: flex; flex: 1; padding: 3px 0; align-items: center } .row b { width: 60px; font-weight: normal }
.bars { position: relative; flex: 1; height: 100% } .bars i { position: absolute; height: 100% } td { padding-right: 12px }
.key { position: absolute; right: 12px } .key i { display: inline-block; width: 9px; height: 9px; margin: 0 3px 0 9px }
.u-legend { font-size: 10px; text-align: left } .u-legend .u-marker { width: 8px; height: 8px }
</style><body><script>panels = ${data}</script><script>${outputFiles[0]?.text}</script></body>`;
}
