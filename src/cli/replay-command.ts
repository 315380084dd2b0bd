import { Command, Option } from 'commander';
import { parseDuration, parseSpeed, parseWhole } from './option-values.ts';
import { shippedConfig } from './own-package.ts';
import { type ReplayOptions, replay } from './replay.ts';
import type { Terminal } from './terminal.ts';

type Flags = Partial<Pick<ReplayOptions, 'speed' | 'limit' | 'json' | 'log' | 'config' | 'chaos' | 'journal'>> & {
  readonly seed: number;
  readonly for?: number;
  readonly inspect?: number | true;
};

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const PORT_MAX = 65_535;
const SEED_MAX = 4_294_967_295;
/** The generated market never ends by itself. */
const GENERATED_FOR_MS = 10_000;

const HELP = `
Each line of a FILE is a JSON message or an array of messages. A gzip file is recognized by its content; - is standard
input, and a FILE may be a pipe: sluice replay <(zstdcat trades.zst), or the directory of a journal. Without a FILE a seeded
generator makes the messages.

With --speed, the time of a message is its E, t, e, time, timestamp, ts or T: a number of seconds, ms, µs or ns since 1970,
or an ISO text. Messages without a time, messages older than those before them, and waits of a minute are told.

With --chaos, calls throw, reject, hang or are slow, messages are poison, sinks are down, and an operator pauses, trips,
restarts and reconfigures channels. The SEED alone decides which message causes which fault. All timeouts are short.

With --journal, each message is written to the journal in DIR before it is routed, and dead letters are kept there. Killed
and started again with the same command, the replay goes on where it was: what was settled is passed over, the rest is
delivered. The report has the counts of all its processes as journal. Remove DIR to begin anew.

Exit code: 0 if every message is accounted for; 1 for malformed lines, an unreadable file or a message that is not
accounted for; 2 for wrong usage. Messages of a type that no channel takes are counted as unroutable and do not change
the exit code.

Examples:
  $ sluice replay                                     ten seconds of a generated market, with a live table
  $ sluice replay trades.ndjson.gz --speed 10x        a recording, ten times as fast as recorded
  $ sluice replay trades.ndjson.gz --json             as fast as possible, one JSON report
  $ sluice replay trades.ndjson.gz --chaos 7          with injected faults
  $ sluice replay trades.ndjson.gz --journal ./run    survives kill -9: start it again
  $ sluice replay ./journal                           the messages of a journal
  $ sluice replay --for 10m --inspect                 with a page that shows the channels
  $ zcat trades.ndjson.gz | sluice replay - --limit 1000`;

/** sluice replay: routes recorded or generated messages. */
export function replayCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return new Command('replay')
    .description('Route recorded market data, or a generated market, through three example channels and report.')
    .argument('[FILE...]', 'NDJSON files, plain or gzip, or journals; - for standard input')
    .option(
      '--speed <FACTOR>',
      'follow the times in the messages: 1x, 10x, 0.5x, or max for no waiting (default: max; generated: 1x)',
      parseSpeed,
    )
    .option(
      '--for <TIME>',
      'stop after 500ms, 10s, 2m or 1h (default: at the end of the files; generated: 10s)',
      parseDuration,
    )
    .option('--limit <N>', 'stop after N messages', parseWhole(1, Number.MAX_SAFE_INTEGER))
    .option('--seed <N>', 'seed of the generated market', parseWhole(0, SEED_MAX), 1)
    .option('--chaos <SEED>', 'inject faults, the same for the same seed', parseWhole(0, SEED_MAX))
    .addOption(
      new Option('--journal <DIR>', 'keep the messages in a journal until they are settled').conflicts('chaos'),
    )
    .option('--config <FILE>', 'configuration of the channels, YAML or JSON (default: the shipped file)')
    .option(
      '--inspect [PORT]',
      'serve a page that shows the channels, on 127.0.0.1 (default: any free port)',
      parseWhole(0, PORT_MAX),
    )
    .option('--json', 'print one JSON report and nothing else on standard output')
    .addOption(new Option('--log <LEVEL>', 'log to standard error (default: nothing)').choices(LOG_LEVELS))
    .addHelpText('after', HELP)
    .action(async (files: string[], flags: Flags) => {
      const isGenerated = files.length === 0;
      const options = {
        files,
        speed: flags.speed ?? (isGenerated ? 1 : Number.POSITIVE_INFINITY),
        forMs: flags.for ?? (isGenerated ? GENERATED_FOR_MS : undefined),
        limit: flags.limit ?? Number.POSITIVE_INFINITY,
        seed: flags.seed,
        chaos: flags.chaos,
        journal: flags.journal,
        config: flags.config ?? shippedConfig(),
        json: flags.json ?? false,
        log: flags.log,
        inspect: flags.inspect === true ? 0 : flags.inspect,
      };
      onExitCode(await replay(options, terminal));
    });
}
