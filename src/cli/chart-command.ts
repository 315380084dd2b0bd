import { Argument, Command } from 'commander';
import { channelMachine } from '../../machines/channel.ts';
import { routerMachine } from '../../machines/router.ts';
import { toMermaid } from '../inspector/mermaid.ts';
import type { Terminal } from './terminal.ts';

/** `sluice chart`: draws a statechart. */
export function chartCommand(terminal: Terminal): Command {
  return new Command('chart')
    .description('Print the statechart of a channel or of the router as Mermaid.')
    .addArgument(new Argument('<chart>', 'which one').choices(['channel', 'router']))
    .addHelpText('after', '\nExample:\n  $ sluice chart channel > channel.mmd')
    .action((chart: 'channel' | 'router') => {
      const mermaid = chart === 'channel' ? toMermaid(channelMachine) : toMermaid(routerMachine);
      terminal.stdout.write(`${mermaid.trimEnd()}\n`);
    });
}
