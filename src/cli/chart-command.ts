import { Argument, Command } from 'commander';
import { channelMachine } from '../../machines/channel.ts';
import { feedMachine } from '../../machines/feed.ts';
import { routerMachine } from '../../machines/router.ts';
import { sourceMachine } from '../../machines/source.ts';
import { toMermaid } from '../inspector/mermaid.ts';
import type { Terminal } from './terminal.ts';

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
