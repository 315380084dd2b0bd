import { cases } from './cases.ts';
import { toJson } from './report/json.ts';
import { alignedLines, rowsOf } from './report/results-table.ts';
import { writeDocs } from './report/write-docs.ts';
import { openerOfRound } from './run-apart.ts';
import { SelectionError, selectionOf } from './selection.ts';
import { type Outcome, runHeat } from './tournament.ts';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SelectionError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

/** Progress goes to standard error, results to standard output. */
async function main(args: readonly string[]): Promise<number> {
  const { heats, rounds, isJson, isComplete } = selectionOf(args, cases);
  const outcomes: Outcome[] = [];
  for (const heat of heats) {
    const outcome = await runHeat(heat, rounds, openerOfRound, (line) => process.stderr.write(`${line}\n`));
    outcomes.push(outcome);
    if (!isJson) process.stdout.write(`\n${textOf(outcome)}\n\n`);
  }
  if (isComplete) {
    writeDocs(outcomes, rounds);
    process.stderr.write('wrote docs/benchmarks.md, docs/performance.md and docs/images/benchmark*.svg\n');
  }
  if (isJson) process.stdout.write(`${JSON.stringify(toJson(outcomes, rounds))}\n`);
  return outcomes.some(({ standings }) => standings.some(({ failure }) => failure !== undefined)) ? 1 : 0;
}

function textOf(outcome: Outcome): string {
  const { heat, skipped } = outcome;
  const lines = skipped === undefined ? alignedLines(rowsOf(outcome)) : [`SKIPPED: ${skipped}`];
  return [`${heat.case.name}: ${heat.case.title}`, ...lines].join('\n');
}
