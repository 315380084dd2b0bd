import { Command } from 'commander';
import { parseWhole } from './option-values.ts';
import { replayIncident } from './replay-incident.ts';
import type { Terminal } from './terminal.ts';

const HELP = `
The FILE is one that a router made with recordIncident has written. The router is made again on the recorded clock, with
stand-ins for its channels; what came in comes in again, and what it then does is compared with what it did.

Exit code: 0 it did the same; 1 it did something else, or the file cannot be read or re-run; 2 wrong usage.

Examples:
  $ sluice replay-incident incidents/incident-….jsonl                 every transition on the way
  $ sluice replay-incident incidents/incident-….jsonl --until 1200    how things stood about step 1200
  $ sluice replay-incident incidents/incident-….jsonl --json`;

/** `sluice replay-incident`: does again what a router has recorded. */
export function replayIncidentCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return new Command('replay-incident')
    .description('Re-run a recorded incident step by step, and say whether it comes out the same.')
    .argument('<FILE>', 'a file written by a router with recordIncident')
    .option(
      '--until <STEP>',
      'stop where the router next waits, at this step or after it',
      parseWhole(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--json', 'print one JSON object and nothing else on standard output')
    .addHelpText('after', HELP)
    .action(async (file: string, { until, json = false }: { until?: number; json?: boolean }) => {
      onExitCode(await replayIncident({ file, until, json }, terminal));
    });
}
