import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Option } from 'commander';
import { parseWhole } from '../../src/cli/option-values.ts';
import { npmCommand, parseSeed } from '../support/command-line.ts';
import { addTally, type Bursts, emptyTally, rarest, runSeeds, shapesOf, type Tally } from './campaign.ts';
import { runCluster } from './cluster.ts';
import { failureText } from './failure-text.ts';
import { planOf } from './plan.ts';
import { runPlanted, SEEDS_PLANTED } from './planted-bugs.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';

/** What a worker is asked to run. */
interface Task {
  readonly from: number;
  readonly count: number;
  readonly bursts: Bursts;
}

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly bursts: Bursts;
  readonly workers: number;
  readonly planted?: true;
  readonly clusters?: true;
  readonly log?: true;
  readonly json?: true;
}

const SEEDS = 300;
const SEEDS_PER_TASK = 25;
const FAILURES_SHOWN = 3;
/** Where progress can't be written over itself. */
const TASKS_PER_LINE = 20;
const { stdout, stderr } = process;

async function main(): Promise<void> {
  const purpose = 'Runs the whole router through a bad year on a simulated clock, once for each seed.';
  const given = npmCommand('simulate', purpose, '--seeds 20000')
    .option(
      '--seeds <n>',
      `how many to run (default: ${SEEDS}, with --planted ${SEEDS_PLANTED})`,
      parseWhole(1, 2 ** 31),
    )
    .option('--from <n>', 'the first seed', parseSeed, 1)
    .option('--seed <n>', 'run this one, and tell all about it', parseSeed)
    .option('--log', 'with --seed: print its event log')
    .addOption(
      new Option('--bursts <shape>', 'recorded needs ../shared/data')
        .choices(['figures', 'recorded'])
        .default('figures'),
    )
    .option('--workers <n>', 'threads', parseWhole(1, 64), availableParallelism())
    .option('--planted', 'plant bugs one by one and tell which law finds each')
    .option('--clusters', 'members that share a broker, in place of the router')
    .option('--json', 'print the outcome as JSON')
    .parse()
    .opts<Omit<Options, 'seeds'> & Partial<Pick<Options, 'seeds'>>>();
  const options: Options = { ...given, seeds: given.seeds ?? (given.planted ? SEEDS_PLANTED : SEEDS) };
  if (options.planted) process.exitCode = await runPlanted(options.seeds, options.from, (line) => stdout.write(line));
  else if (options.clusters) process.exitCode = await runClusters(options);
  else process.exitCode = options.seed === undefined ? await runMany(options) : await runOne(options.seed, options);
}

async function runClusters({ from, seeds }: Options): Promise<number> {
  let broken = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const violations = await runCluster(seed);
    for (const violation of violations) stdout.write(`${violation}\n`);
    broken += violations.length;
  }
  stdout.write(`${seeds} clusters from seed ${from}: ${broken} violations\n`);
  return broken === 0 ? 0 : 1;
}

async function runOne(seed: number, { bursts, log, json }: Options): Promise<number> {
  const plan = planOf(seed, shapesOf(bursts));
  const result = await run(plan);
  const { hash, lines, messages, violations } = result;
  if (log) stdout.write(`${lines.join('\n')}\n`);
  if (json) stdout.write(`${JSON.stringify({ seed, hash, events: lines.length, messages, violations })}\n`);
  else stdout.write(`seed ${seed}: ${messages} messages, ${lines.length} events, event log sha256 ${hash}\n`);
  if (violations.length === 0) return 0;
  stderr.write(`${failureText(plan, result, await shrink(plan, result), howOf(bursts))}\n`);
  return 1;
}

async function runMany(options: Options): Promise<number> {
  const startedAt = performance.now();
  const total = emptyTally();
  const secondsSince = (): number => (performance.now() - startedAt) / 1_000;
  const tasks = tasksOf(options);
  let told = 0;
  const progress = (): void => {
    const perSecond = total.runs / secondsSince();
    const left = Math.ceil((options.seeds - total.runs) / perSecond);
    const text = `${total.runs} of ${options.seeds} seeds, ${total.failures.length} violations, ${left} s left`;
    if (stderr.isTTY) stderr.write(`\r${text}   `);
    else if (++told % TASKS_PER_LINE === 0) stderr.write(`${text}\n`);
  };
  await Promise.all(
    Array.from({ length: Math.min(options.workers, tasks.length) }, () => {
      return work(tasks, (tally) => {
        addTally(total, tally);
        // At once: a long campaign may be ended by hand.
        for (const failure of tally.failures) stderr.write(`${failureLine(failure)}\n`);
        progress();
      });
    }),
  );
  if (stderr.isTTY) stderr.write('\n');
  const seconds = Number(secondsSince().toFixed(1));
  stdout.write(options.json ? `${JSON.stringify(jsonOf(total, seconds))}\n` : tallyText(total, seconds));
  for (const { seed } of total.failures.slice(0, FAILURES_SHOWN)) await runOne(seed, options);
  return total.failures.length === 0 ? 0 : 1;
}

function tasksOf({ from, seeds, bursts }: Options): Task[] {
  return Array.from({ length: Math.ceil(seeds / SEEDS_PER_TASK) }, (_, index) => {
    const first = index * SEEDS_PER_TASK;
    return { from: from + first, count: Math.min(SEEDS_PER_TASK, seeds - first), bursts };
  });
}

/** One thread takes tasks until none is left. */
function work(tasks: Task[], done: (tally: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { argv: [] });
    const next = (): void => {
      const task = tasks.shift();
      if (task !== undefined) return worker.postMessage(task);
      void worker.terminate();
      resolve();
    };
    worker.on('message', (tally: Tally) => {
      done(tally);
      next();
    });
    worker.on('error', reject);
    next();
  });
}

function serve(): void {
  parentPort?.on('message', ({ from, count, bursts }: Task) => {
    const seeds = Array.from({ length: count }, (_, index) => from + index);
    runSeeds(seeds, shapesOf(bursts)).then(
      (tally) => parentPort?.postMessage(tally),
      (error: unknown) => {
        throw error;
      },
    );
  });
}

function failureLine({ seed, law, text }: Tally['failures'][number]): string {
  return `  seed ${seed}: ${law}: ${text.slice(0, 200)}`;
}

function howOf(bursts: Bursts): string {
  return bursts === 'figures' ? '' : ` --bursts ${bursts}`;
}

function jsonOf(total: Tally, seconds: number) {
  const { runs, stored, messages, failures, faults, combinations } = total;
  return {
    ...{
      seeds: runs,
      withSourceAndStore: stored,
      messages,
      seconds,
      violations: failures,
      faults: Object.fromEntries(faults),
    },
    ...{ combinations: combinations.size, rarest: rarest(total, 10) },
  };
}

function tallyText(total: Tally, seconds: number): string {
  const { runs, stored, messages, failures, faults, combinations } = total;
  const byCount = [...faults].sort(([, a], [, b]) => b - a);
  return [
    `${runs} seeds, ${stored} of them with a source and a store of dead letters, ${messages} messages, ${seconds} s: ${failures.length} violations`,
    ...failures.slice(0, 20).map(failureLine),
    `faults that struck: ${byCount.map(([fault, count]) => `${fault} ${count}`).join(' · ')}`,
    `combinations within 100 ms: ${combinations.size} different ones; the ten rarest:`,
    ...rarest(total, 10).map(({ combination, times, seed }) => `  ${times} × ${combination} (first in seed ${seed})`),
    '',
  ].join('\n');
}

if (isMainThread) await main();
else serve();
