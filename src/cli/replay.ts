import pino from 'pino';
import { createSystemClock } from '../adapters/system-clock.ts';
import { isList } from '../core/recognition.ts';
import { createRouter, loadConfig } from '../index.ts';
import { createInspector } from '../inspector/index.ts';
import { Chaos } from './chaos.ts';
import { createExampleChannels } from './example-channels.ts';
import { type FeedOptions, feed } from './feed.ts';
import { createInterruption } from './interruption.ts';
import { startLiveView } from './live-view.ts';
import { Problems } from './problems.ts';
import { ReplayJournal } from './replay-journal.ts';
import { createReport, exitCodeOf, type ReplayReport } from './report.ts';
import { reportText } from './report-text.ts';
import { formatCount } from './table.ts';
import { paintFor, type Terminal, widthOf } from './terminal.ts';

/** The options of `sluice replay`. */
export interface ReplayOptions extends FeedOptions {
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
export async function replay(options: ReplayOptions, terminal: Terminal): Promise<number> {
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
