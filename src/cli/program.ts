import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError } from 'commander';
import { channelMachine } from '../../machines/channel.ts';
import { feedMachine } from '../../machines/feed.ts';
import { routerMachine } from '../../machines/router.ts';
import { sourceMachine } from '../../machines/source.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { toMermaid } from '../inspector/mermaid.ts';
import { ownPath } from '../inspector/page-files.ts';
import { configCommand } from './config-command.ts';
import { journalCommand } from './journal-command.ts';
import { replayCommand } from './replay.ts';
import { recordCommand, streamCommand } from './stream.ts';
import type { Terminal } from './terminal.ts';
import { workersCommand } from './workers-command.ts';

const HELP = `
Examples:
  $ sluice replay                                ten seconds of a generated market
  $ sluice replay trades.ndjson.gz --json        a recording, as fast as possible
  $ sluice replay trades.ndjson.gz --chaos 7     with injected faults
  $ sluice stream --profile binance --subscribe btcusdt@trade
  $ sluice config check channels.yaml
  $ sluice chart channel
  $ sluice journal info ./journal
  $ sluice workers 4 worker.js`;

const WRONG_USAGE = 2;

/** Runs the command line and returns its exit code. It throws nothing: errors go to standard error. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const setExitCode = (code: number): void => {
    exitCode = code;
  };
  // npm insists on a version.
  const { version } = JSON.parse(readFileSync(ownPath('package.json'), 'utf8')) as { readonly version: string };
  const program = new Command('sluice')
    .description('Routes live market data to channels, and accounts for every message.')
    .version(version)
    .addHelpText('after', HELP)
    .addCommand(replayCommand(terminal, setExitCode))
    .addCommand(streamCommand(terminal, setExitCode))
    .addCommand(recordCommand(terminal, setExitCode))
    .addCommand(configCommand())
    .addCommand(chartCommand(terminal))
    .addCommand(journalCommand(terminal))
    .addCommand(workersCommand(terminal, setExitCode));
  adopt(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
    // A configuration with mistakes has one on each line.
    terminal.stderr.write(`sluice: ${error instanceof SluiceError ? error.message : errorText(error)}\n`);
    return 1;
  }
}

/** Commander hands these settings down only to commands it made itself. */
function adopt(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help lists all commands and options)')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  for (const child of command.commands) adopt(child, terminal);
}

const machines = { channel: channelMachine, router: routerMachine, source: sourceMachine, feed: feedMachine };

/** `sluice chart`: draws a statechart. */
export function chartCommand(terminal: Terminal): Command {
  return new Command('chart')
    .description('Print the statechart of a channel, of the router, of a source or of a feed as Mermaid.')
    .addArgument(new Argument('<chart>', 'which one').choices(Object.keys(machines)))
    .addHelpText('after', '\nExample:\n  $ sluice chart channel > channel.mmd')
    .action((chart: keyof typeof machines) => {
      const mermaid = toMermaid(machines[chart]);
      terminal.stdout.write(`${mermaid.trimEnd()}\n`);
    });
}
