import { writeFileSync } from 'node:fs';
import { openApart } from './apart.ts';
import { cases } from './cases.ts';
import { optionsOf } from './options.ts';
import { ratesChart } from './rates-chart.ts';
import { benchmarksPage, comparisonText, sectionOf, toJson } from './report.ts';
import { type Outcome, runCase } from './run-case.ts';

/** The chart of the rates shows all of them. */
const RATE_CASES = cases.filter(({ group }) => group === 'rates').length;

const { chosen, rounds, isJson, isComplete, against } = optionsOf(process.argv.slice(2), cases);
const outcomes: Outcome[] = [];
for (const each of chosen) {
  const outcome = await runCase(each, rounds, openApart, against?.directory);
  outcomes.push(outcome);
  // Standard output holds nothing but the JSON when that is asked for.
  (isJson ? process.stderr : process.stdout).write(`\n${sectionOf(outcome)}\n`);
}
if (isJson) process.stdout.write(`${JSON.stringify(toJson(outcomes, rounds, against?.contestant))}\n`);
else if (against !== undefined) process.stdout.write(`\n${comparisonText(outcomes, against.contestant)}\n`);
const rates = outcomes.filter(({ case: { group } }) => group === 'rates');
if (rates.length === RATE_CASES) {
  writeFileSync('docs/images/rates.svg', ratesChart(rates));
  process.stderr.write('wrote docs/images/rates.svg\n');
}
if (isComplete) {
  writeFileSync('docs/benchmarks.md', benchmarksPage(outcomes, rounds));
  process.stderr.write('wrote docs/benchmarks.md\n');
}
const hasFailed = outcomes.some(({ standings }) => standings.some(({ failure }) => failure !== undefined));
process.exitCode = hasFailed ? 1 : 0;
