import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Outcome } from '../tournament.ts';
import { benchmarkChart, benchmarksPage } from './benchmarks-page.ts';
import { environmentLines } from './environment.ts';
import { costTable, curveChart, curveTables, replacePart } from './performance-page.ts';

const PERFORMANCE = 'docs/performance.md';

/** Writes the pages and pictures that a complete run generates; the words of the performance page stay. */
export function writeDocs(outcomes: readonly Outcome[], rounds: number): void {
  const environment = environmentLines(rounds, new Date());
  mkdirSync('docs/images', { recursive: true });
  writeFileSync('docs/benchmarks.md', benchmarksPage(outcomes, environment));
  writeFileSync('docs/images/benchmark.svg', benchmarkChart(outcomes));
  writeFileSync('docs/images/benchmark-curves.svg', curveChart(outcomes));
  let page = readFileSync(PERFORMANCE, 'utf8');
  page = replacePart(page, 'environment', environment.join('\n'));
  page = replacePart(page, 'costs', costTable(outcomes));
  page = replacePart(page, 'curves', curveTables(outcomes));
  writeFileSync(PERFORMANCE, page);
}
