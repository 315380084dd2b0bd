import { Command, Option } from 'commander';
import pino from 'pino';
import { createSystemClock } from '../adapters/system-clock.ts';
import { isList } from '../core/recognition.ts';
import { createRouter, loadConfig } from '../index.ts';
import { createInspector } from '../inspector/index.ts';
import { ownPath } from '../inspector/page-files.ts';
import { Chaos } from './chaos.ts';
import { createExampleChannels } from './example-channels.ts';
import { type FeedOptions, feed } from './feed.ts';
import { createInterruption } from './interruption.ts';
import { startLiveView } from './live-view.ts';
import { parseDuration, parseSpeed, parseWhole } from './option-values.ts';
import { Problems } from './problems.ts';
import { ReplayJournal } from './replay-journal.ts';
import { createReport, exitCodeOf, type ReplayReport, reportText } from './report.ts';
import { formatCount } from './table.ts';
import { paintFor, type Terminal, widthOf } from './terminal.ts';

/** The options of `sluice replay`. */
interface ReplayOptions extends FeedOptions {
  /** The replay ends after this many milliseconds; undefined for the end of the input. */
  readonly forMs: number | undefined;
  /** Injects the faults of this seed; undefined for none. */
  readonly chaos: number | undefined;
  /** The directory of a journal that the messages go through; undefined for none. */
  readonly journal: string | undefined;
  /** The configuration file. */
  readonly config: string;
  /** Prints one JSON report and nothing else on standard output. */
  readonly json: boolean;
  /** Serves a page that shows the channels on this port, 0 for any; undefined for none. */
  readonly inspect: number | undefined;
  /** The level logged to standard error; undefined for silence. */
  readonly log: string | undefined;
}

/** How long the channels may go on delivering after the end of the input. */
const DRAIN_MS = 10_000;

/** Routes the input through the example channels, prints the report and returns the exit code. */
async function replay(options: ReplayOptions, terminal: Terminal): Promise<number> {
  const report = await route(options, terminal);
  const { stdout, stderr } = terminal;
  if (report.unroutable > 0) {
    const subject = report.unroutable === 1 ? '1 message is' : `${formatCount(report.unroutable)} messages are`;
    stderr.write(`${subject} unroutable: no channel takes that type\n`);
  }
  stdout.write(options.json ? `${JSON.stringify(report)}\n` : reportText(report, widthOf(stdout), paintFor(terminal)));
  return exitCodeOf(report);
}

/** Each batch is a list for `consume`; one that does not look like a list goes message by message. */
async function* elementsOf(batches: AsyncIterable<readonly unknown[]>): AsyncGenerator<unknown> {
  for await (const batch of batches) {
    if (isList(batch)) yield batch;
    else yield* batch;
  }
}

async function route(options: ReplayOptions, terminal: Terminal): Promise<ReplayReport> {
  const journal = options.journal === undefined ? undefined : await ReplayJournal.open(options.journal, options);
  try {
    return await routeThrough(journal, options, terminal);
  } finally {
    await journal?.close();
  }
}

async function routeThrough(journal: ReplayJournal | undefined, options: ReplayOptions, terminal: Terminal) {
  const clock = createSystemClock();
  const channels = createExampleChannels();
  const chaos = options.chaos === undefined ? undefined : new Chaos(options.chaos, Object.keys(channels), clock);
  const router = createRouter({
    config: await loadConfig(options.config, {
      environment: terminal.env,
      ...(chaos && { overrides: chaos.overrides }),
    }),
    channels: chaos?.disturb(channels) ?? channels,
    // To standard error: standard output belongs to the report.
    ...(options.log && { logger: pino({ level: options.log }, pino.destination({ dest: 2, sync: true })) }),
    ...journal?.options,
  });
  const events = new Map<string, number>();
  router.events.on('event', ({ event }) => events.set(event.type, (events.get(event.type) ?? 0) + 1));
  if (options.inspect !== undefined) {
    const { url } = await createInspector(router, { port: options.inspect, allowControl: true });
    terminal.stderr.write(`inspector: ${url}\n`);
  }
  await router.start();
  const startedAt = clock.now();
  const { signal, release } = createInterruption(terminal, clock, options.forMs);
  const progress = { source: '', share: undefined, forMs: options.forMs };
  const view = startLiveView(router, progress, terminal, clock, !options.json);
  const problems = new Problems((line) => {
    view.clear();
    terminal.stderr.write(`${line}\n`);
  });
  const messages = feed(options, { stdin: terminal.stdin, problems, progress, clock, signal }, journal?.skip);
  let sent: number | undefined;
  try {
    if (journal !== undefined) await journal.pass(messages, clock, signal);
    else {
      const elements = elementsOf(chaos?.feed(messages, router) ?? messages);
      const { accepted, rejected } = await router.consume(elements, { signal });
      sent = accepted + rejected;
    }
    await chaos?.finish(router);
  } finally {
    await router.stop({ deadlineMs: DRAIN_MS });
    view.stop();
    release();
    problems.finish();
  }
  const metrics = router.metrics();
  return createReport(metrics, {
    elapsedMs: clock.now() - startedAt,
    // A router with a journal is sent nothing: it reads.
    sent: sent ?? metrics.received,
    journal: await journal?.report(),
    malformed: problems.malformed,
    unreadable: problems.unreadable,
    events,
    chaos: chaos?.report,
  });
}

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
or an ISO text. It reports messages without a time, messages older than those before them, and waits of a minute.

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
        config: flags.config ?? ownPath('config', 'channels.yaml'),
        json: flags.json ?? false,
        log: flags.log,
        inspect: flags.inspect === true ? 0 : flags.inspect,
      };
      onExitCode(await replay(options, terminal));
    });
}
