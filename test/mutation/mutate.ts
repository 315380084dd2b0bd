import { readFileSync, writeSync } from 'node:fs';
import { Option } from 'commander';
import { parseWhole } from '../../src/cli/option-values.ts';
import { npmCommand } from '../support/command-line.ts';
import { type Mutant, mutantsOf } from './chart-mutants.ts';
import { MutantTests, type Verdict } from './mutant-tests.ts';

const MACHINES = ['channel', 'router', 'feed', 'source', 'ownership'] as const;

interface Trial {
  readonly path: string;
  readonly mutant: Mutant;
}
type Result = Trial & { readonly verdict: Verdict };

const command = npmCommand(
  'mutate',
  `Takes every transition, guard, action and actor of the statecharts away, one at
a time, turns every guard round, and looks whether a test notices.`,
  '--only router --jobs 4',
)
  .addOption(new Option('--only <name>', 'one machine only').choices(MACHINES))
  .option('--mutant <text...>', 'only mutants whose name contains one of these texts')
  .option('--jobs <n>', 'so many at a time', parseWhole(1, 64), 2)
  .option('--list', 'name the mutants and try none')
  .parse();
const options = command.opts<{ only?: string; mutant?: readonly string[]; jobs: number; list?: true }>();
// What the tests print would bury the progress.
process.stdout.write = () => true;
process.exit(await main().catch((error: Error) => print(`${error.message}\n`, 2)));

async function main(): Promise<number> {
  const trials = chosenTrials();
  if (trials.length === 0) command.error('error: no mutant has such a name; --list shows them');
  if (options.list) return print(trials.map(({ mutant }) => `${mutant.id}\n`).join(''));
  const startedAt = performance.now();
  const runners = await Promise.all(Array.from({ length: options.jobs }, () => MutantTests.create()));
  const results = await tryAll(runners, trials);
  return summary(results, performance.now() - startedAt);
}

function chosenTrials(): Trial[] {
  return MACHINES.filter((machine) => (options.only ?? machine) === machine)
    .flatMap((machine) => {
      const path = `machines/${machine}.ts`;
      return mutantsOf(machine, readFileSync(path, 'utf8')).map((mutant) => ({ path, mutant }));
    })
    .filter(({ mutant }) => (options.mutant ?? ['']).some((text) => mutant.id.includes(text)));
}

async function tryAll(runners: readonly MutantTests[], trials: readonly Trial[]): Promise<Result[]> {
  const waiting = [...trials];
  const results: Result[] = [];
  await Promise.all(
    runners.map(async (runner) => {
      for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
        const startedAt = performance.now();
        const verdict = await runner.try(trial.path, trial.mutant.source);
        results.push({ ...trial, verdict });
        print(progressOf(trial, verdict, performance.now() - startedAt, results.length, trials.length));
      }
    }),
  );
  return results;
}

function progressOf({ mutant }: Trial, verdict: Verdict, ms: number, done: number, total: number): string {
  const count = `${String(done).padStart(String(total).length)}/${total}`;
  const by = verdict.is === 'survived' ? '' : ` by ${verdict.by}`;
  const said =
    verdict.is === 'survived' || verdict.by.startsWith('test/model/')
      ? ''
      : `\n  ${verdict.test}\n  ${verdict.message}`;
  return `${count} ${(ms / 1_000).toFixed(1).padStart(5)} s  ${verdict.is} ${mutant.id}${by}${said}\n`;
}

function summary(results: readonly Result[], ms: number): number {
  const survived = results.filter(({ verdict }) => verdict.is === 'survived');
  const undecided = results.filter(({ verdict }) => verdict.is === 'undecided');
  const killers = new Map<string, number>();
  for (const { verdict } of results)
    if (verdict.is === 'killed') killers.set(verdict.by, (killers.get(verdict.by) ?? 0) + 1);
  const killed = results.length - survived.length - undecided.length;
  print(`\n${results.length} mutants in ${Math.round(ms / 1_000)} s: ${killed} killed, ${survived.length} survived`);
  print(undecided.length === 0 ? '\n' : `, ${undecided.length} undecided\n`);
  for (const [by, count] of [...killers].sort(([, a], [, b]) => b - a)) print(`  ${count} killed by ${by}\n`);
  for (const { mutant } of undecided) print(`  undecided: ${mutant.id} ran out of time: try it alone with --mutant\n`);
  for (const { mutant } of survived) print(`  survived: ${mutant.id}: write a test\n`);
  return killed === results.length ? 0 : 1;
}

/** Returns the exit code of a command that ends with this text. */
function print(text: string, exitCode = 0): number {
  writeSync(1, text);
  return exitCode;
}
