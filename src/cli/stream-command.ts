import { Command, Option } from 'commander';
import { parseDuration, parseWhole } from './option-values.ts';
import { PROFILES, type StreamOptions, stream } from './stream.ts';
import type { Terminal } from './terminal.ts';

type Flags = Pick<StreamOptions, 'profile' | 'subscribe' | 'url' | 'limit'> & { readonly for?: number };

const HELP = `
Each message is one line of JSON, as \`sluice replay\` reads it; a recorded one has the time of its arrival in \`receivedAt\`.
What the feed does is told on standard error. Credentials come from the environment only: FEED_KEY and FEED_SECRET.

Exit code: 0 after --for, --limit or Ctrl-C; 1 if the service refused, or the output cannot be written; 2 for wrong usage.

Examples:
  $ sluice stream --profile binance --subscribe btcusdt@trade ethusdt@trade
  $ sluice stream --profile massive-stocks --subscribe T.AAPL AM.* | sluice replay -
  $ sluice record trades.ndjson.gz --profile kraken --subscribe trade:BTC/USD --for 1h`;

/** sluice stream: prints what a live feed sends. */
export function streamCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return withFlags(new Command('stream'))
    .description('Print the messages of a live feed, one a line.')
    .action(async (flags: Flags) => onExitCode(await stream(optionsOf(flags, undefined), terminal)));
}

/** sluice record: writes what a live feed sends. */
export function recordCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return withFlags(new Command('record'))
    .description('Write the messages of a live feed to a new file, one a line, packed with gzip.')
    .argument('<FILE>', 'the file, which must not exist')
    .action(async (file: string, flags: Flags) => onExitCode(await stream(optionsOf(flags, file), terminal)));
}

function withFlags(command: Command): Command {
  return command
    .addOption(new Option('--profile <NAME>', 'the service').choices(PROFILES).makeOptionMandatory())
    .requiredOption('--subscribe <NAME...>', 'what to subscribe to, as the service writes it')
    .option('--url <URL>', 'another place than that of the service')
    .option('--for <TIME>', 'stop after 500ms, 10s, 2m or 1h (default: at Ctrl-C)', parseDuration)
    .option('--limit <N>', 'stop after N messages', parseWhole(1, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', HELP);
}

function optionsOf({ for: forMs, ...flags }: Flags, file: string | undefined): StreamOptions {
  return { ...flags, forMs, file };
}
