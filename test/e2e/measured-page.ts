import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { pageScript } from '../../config/build-page.ts';
import type { MeasuredScript } from '../coverage-report/page-coverage.ts';
import { projectRoot } from '../support/project-files.ts';

/** Where the report looks for what a page ran; undefined: nobody measures. */
const directory = process.env.PAGE_COVERAGE;

let bundled: Promise<Omit<MeasuredScript, 'functions'>> | undefined;

/** The script of the page as its sources have it: minified code has other statements and branches. */
async function bundle(): Promise<Omit<MeasuredScript, 'functions'>> {
  const { outputFiles } = await build({ ...pageScript(projectRoot), write: false, sourcemap: 'external' });
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return { code: textOf('.js'), map: JSON.parse(textOf('.map')) };
}

/** Where `npm run coverage` measures, Chromium does in this page, from its next navigation until it is closed. */
export async function measure(page: Page): Promise<Page> {
  if (directory === undefined) return page;
  bundled ??= bundle();
  const script = await bundled;
  await page.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script.code }));
  await page.coverage.startJSCoverage({ resetOnNavigation: false });
  const close = page.close.bind(page);
  page.close = async () => {
    if (page.isClosed()) return;
    const entries = await page.coverage.stopJSCoverage();
    mkdirSync(directory, { recursive: true });
    for (const { functions } of entries.filter(({ url }) => url.endsWith('/page.js'))) {
      const measured: MeasuredScript = { ...script, functions };
      writeFileSync(join(directory, `${randomUUID()}.json`), JSON.stringify(measured));
    }
    return close();
  };
  return page;
}
