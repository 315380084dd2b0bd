import { Command } from 'commander';
import { createSystemClock } from '../adapters/system-clock.ts';
import { runWorkers } from '../workers/index.ts';
import { createInterruption } from './interruption.ts';
import { parseDuration, parseWhole } from './option-values.ts';
import type { Terminal } from './terminal.ts';

interface Flags {
  readonly port?: number;
  readonly host: string;
  readonly stop: number;
  readonly buckets?: readonly number[];
}

const HELP = `
Each process runs MODULE, which calls \`runAsWorker(router)\` of sluice/workers. One that ends is started again; SIGTERM and
Ctrl-C let all of them drain. Their starts and ends are reported on standard error. With --port, a page about all of them is
served, and /metrics and /health, to those who have the token in WORKERS_TOKEN if it is set.

Exit code: 0 when all drained in time; 1 when one did not, or ended more than five times in a minute; 2 for wrong usage.

Example:
  $ sluice workers 4 worker.js --port 9464`;

/** sluice workers: several processes of one module. */
export function workersCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return new Command('workers')
    .description('Run a module in several processes, and start those again that end.')
    .argument('<N>', 'how many', parseWhole(1, 256))
    .argument('<MODULE>', 'the file that each of them runs')
    .argument('[ARGS...]', 'arguments of the module, after --')
    .option('--port <PORT>', 'serve metrics, health and a page of all', parseWhole(0, 65_535))
    .option('--host <ADDRESS>', 'where to serve them', '127.0.0.1')
    .option('--stop <TIME>', 'kill what has not ended 500ms, 10s or 2m after it was told to', parseDuration, 10_000)
    .option('--buckets <SECONDS>', 'upper limits of the buckets of histograms, such as 0.001,0.01,0.1,1', (text) =>
      text.split(',').map(Number),
    )
    .addHelpText('after', HELP)
    .action(async (count: number, module: string, args: readonly string[], flags: Flags) =>
      onExitCode((await run(count, module, args, flags, terminal)) ? 0 : 1),
    );
}

async function run(
  count: number,
  module: string,
  args: readonly string[],
  { port, host, stop, buckets }: Flags,
  terminal: Terminal,
): Promise<boolean> {
  const say = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const { WORKERS_TOKEN: token = false } = terminal.env;
  const workers = await runWorkers({
    module,
    workers: count,
    args,
    stopMs: stop,
    onEvent: say,
    ...(buckets !== undefined && { buckets }),
    ...(port !== undefined && { serve: { port, host, token } }),
  });
  const interruption = createInterruption(terminal, createSystemClock(), undefined);
  interruption.signal.addEventListener('abort', () => void workers.stop());
  if (workers.port !== undefined)
    say(`metrics and health: http://${host}:${workers.port}/metrics and /health; the page of all: /`);
  try {
    await workers.ended;
    return await workers.stop();
  } finally {
    interruption.release();
  }
}
