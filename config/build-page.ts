/** Builds the inspector's page: `npm run build` runs it, and so do the tests that open the page. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { channelMachine, feedMachine, routerMachine, sourceMachine } from '../machines/index.ts';
import { ownershipMachine } from '../machines/ownership.ts';
import type { Charts } from '../src/inspector/chart.ts';
import { layoutChart } from './chart-layout.ts';

/** Writes the page of the project at `root` into `directory`; each file appears whole, also to those who read meanwhile. */
export async function buildPage(root: string, directory = join(root, 'dist', 'page')): Promise<void> {
  const sources = join(root, 'src', 'inspector', 'page');
  // Who passes the library on must pass its license on.
  const license = await readFile(join(root, 'node_modules', 'uplot', 'LICENSE'), 'utf8');
  const bundle = build({
    absWorkingDir: root,
    entryPoints: {
      page: join(sources, 'main.ts'),
      workers: join(sources, 'workers.ts'),
      'page-style': join(sources, 'page.css'),
    },
    outdir: join(root, 'dist', 'page'),
    bundle: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    logLevel: 'error',
    minify: true,
    banner: { js: `/*! Contains uPlot:\n${license}*/` },
    write: false,
  });
  const charts: Charts = {
    channel: await layoutChart(channelMachine, 'DOWN'),
    router: await layoutChart(routerMachine, 'DOWN'),
    source: await layoutChart(sourceMachine, 'DOWN'),
    feed: await layoutChart(feedMachine, 'DOWN'),
    ownership: await layoutChart(ownershipMachine, 'DOWN'),
  };
  const { outputFiles } = await bundle;
  const bundled = (name: string): Uint8Array =>
    outputFiles.find(({ path }) => path.endsWith(name))?.contents ?? new Uint8Array();
  const files: readonly (readonly [string, string | Uint8Array])[] = [
    ['page.js', bundled('/page.js')],
    ['workers.js', bundled('/workers.js')],
    ['page.css', bundled('.css')],
    ['charts.json', JSON.stringify(charts)],
    ['workers.html', await readFile(join(sources, 'workers.html'))],
    ['index.html', await readFile(join(sources, 'index.html'))],
    ['icon.svg', await readFile(join(sources, 'icon.svg'))],
  ];
  await mkdir(directory, { recursive: true });
  for (const [name, content] of files) {
    const file = join(directory, name);
    await writeFile(`${file}.${process.pid}`, content);
    await rename(`${file}.${process.pid}`, file);
  }
}
