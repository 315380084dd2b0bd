import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Command, Option } from 'commander';
import { createSystemClock } from '../adapters/system-clock.ts';
import { errorText } from '../core/error-text.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { Credentials, Feed, FeedProfile } from '../feeds/index.ts';
import { createInterruption } from './interruption.ts';
import { parseDuration, parseWhole } from './option-values.ts';
import { loadFeeds } from './optional.ts';
import { formatCount } from './table.ts';
import type { Terminal } from './terminal.ts';

/** The options of `sluice stream` and `sluice record`. */
interface StreamOptions {
  readonly profile: string;
  readonly subscribe: readonly string[];
  readonly url?: string;
  /** So many messages; undefined for no limit. */
  readonly limit?: number;
  /** How long, in ms; undefined until Ctrl-C. */
  readonly for?: number;
  /** Undefined: standard output. */
  readonly file: string | undefined;
}

type Feeds = typeof import('../feeds/index.ts');

const MAKERS = {
  binance: ({ binance }: Feeds) => binance(),
  'binance-usd-futures': ({ binance }: Feeds) => binance('usd-futures'),
  'binance-coin-futures': ({ binance }: Feeds) => binance('coin-futures'),
  coinbase: ({ coinbase }: Feeds) => coinbase(),
  kraken: ({ kraken }: Feeds) => kraken(),
  'massive-stocks': ({ massive }: Feeds) => massive('stocks'),
  'massive-options': ({ massive }: Feeds) => massive('options'),
  'massive-indices': ({ massive }: Feeds) => massive('indices'),
  'massive-futures': ({ massive }: Feeds) => massive('futures'),
  'massive-forex': ({ massive }: Feeds) => massive('forex'),
  'massive-crypto': ({ massive }: Feeds) => massive('crypto'),
  'alpaca-iex': ({ alpaca }: Feeds) => alpaca('v2/iex'),
  'alpaca-sip': ({ alpaca }: Feeds) => alpaca('v2/sip'),
  'alpaca-crypto': ({ alpaca }: Feeds) => alpaca('v1beta3/crypto/us'),
} satisfies Record<string, (feeds: Feeds) => FeedProfile>;

/** Writes what a feed sends until it is enough; returns the exit code. */
async function stream(options: StreamOptions, terminal: Terminal): Promise<number> {
  const feeds = await loadFeeds();
  // Commander has checked the name.
  const profile: FeedProfile = MAKERS[options.profile as keyof typeof MAKERS](feeds);
  const credentials = credentialsFor(profile, terminal);
  const end = new AbortController();
  const lines = new Lines(options, terminal, () => end.abort());
  const feed = feeds.createFeed({
    name: options.profile,
    profile,
    subscribe: options.subscribe,
    credentials,
    ...(options.url !== undefined && { url: options.url }),
    to: lines,
  });
  tell(feed, terminal, () => end.abort());
  const { signal, release } = createInterruption(terminal, createSystemClock(), options.for);
  signal.addEventListener('abort', () => end.abort());
  feed.start();
  if (!end.signal.aborted) await once(end.signal, 'abort');
  const hasFailed = feed.state === 'failed';
  const { metrics } = feed.stop().view;
  release();
  const problem = await lines.close();
  if (problem !== undefined) terminal.stderr.write(`cannot write: ${problem}\n`);
  const { found, missing } = metrics.gaps;
  terminal.stderr.write(
    `messages ${formatCount(lines.written)}, gaps ${formatCount(found)} (known to be missing: ${formatCount(missing)}), garbage ${formatCount(metrics.garbage)}, reconnects ${formatCount(metrics.reconnects)}\n`,
  );
  return hasFailed || problem !== undefined ? 1 : 0;
}

/** At most so many kinds of garbage are reported, each of them once. */
const TOLD_MAX = 10;

/** From the environment only: arguments are seen by every user of the computer. */
function credentialsFor({ name, needs = [] }: FeedProfile, { env }: Terminal): Credentials {
  const missing = needs.map((each) => `FEED_${each.toUpperCase()}`).filter((variable) => (env[variable] ?? '') === '');
  if (missing.length > 0) throw invalidOption(`${name} needs the environment variable ${missing.join(' and ')}`);
  return Object.fromEntries(needs.map((each) => [each, env[`FEED_${each.toUpperCase()}`] ?? '']));
}

/** Says what the feed does; a refusal ends it. */
function tell(feed: Feed, { stderr }: Terminal, end: () => void): void {
  feed.events.on('feed.entered', ({ to }) => {
    if (['streaming', 'waiting', 'failed'].includes(to)) stderr.write(`${feed.explain()}\n`);
    if (to === 'failed') end();
  });
  const told = new Set<string>();
  feed.events.on('feed.garbage', ({ why }) => {
    if (told.size >= TOLD_MAX || told.has(why)) return;
    told.add(why);
    stderr.write(`garbage: ${why}\n`);
  });
  feed.events.on('feed.refused', ({ names, why }) => {
    if (names.length > 0) stderr.write(`refused: ${names.join(', ')}: ${why}\n`);
  });
}

/** The output. What it cannot take at once, the feed waits for. */
class Lines {
  readonly #limit: number;
  readonly #isRecording: boolean;
  readonly #end: () => void;
  readonly #out: Writable | NodeJS.WritableStream;
  readonly #done: Promise<string | undefined>;
  written = 0;
  #room: Promise<unknown> | undefined;

  constructor({ limit = Number.POSITIVE_INFINITY, file }: StreamOptions, { stdout }: Terminal, end: () => void) {
    this.#limit = limit;
    this.#isRecording = file !== undefined;
    this.#end = end;
    const problem = (error: unknown): string | undefined => {
      end();
      // The reader of a pipe, such as `head`, has closed it, which is not an error.
      return (error as { readonly code?: unknown }).code === 'EPIPE' ? undefined : errorText(error);
    };
    if (file === undefined) {
      this.#out = stdout;
      this.#done = new Promise((resolve) => stdout.on('error', (error) => resolve(problem(error))));
      return;
    }
    const gzip = createGzip();
    const target = createWriteStream(file, { flags: 'wx' });
    gzip.pipe(target);
    this.#out = gzip;
    this.#done = finished(target).then(() => undefined, problem);
  }

  /** As a feed asks of its target. */
  async write(messages: readonly unknown[]): Promise<void> {
    const taken = messages.slice(0, this.#limit - this.written);
    this.written += taken.length;
    const receivedAt = this.#isRecording ? { receivedAt: Date.now() } : undefined;
    const text = taken.map((message) => `${JSON.stringify({ ...(message as object), ...receivedAt })}\n`).join('');
    const hasRoom = this.#out.write(text);
    if (this.written >= this.#limit) this.#end();
    if (hasRoom) return;
    // One listener, however many frames wait.
    this.#room ??= Promise.race([once(this.#out, 'drain'), this.#done]).finally(() => {
      this.#room = undefined;
    });
    await this.#room;
  }

  /** Resolves when a file is whole, with what went wrong; undefined: nothing. */
  close(): Promise<string | undefined> {
    if (this.#isRecording) {
      this.#out.end();
      return this.#done;
    }
    return Promise.race([this.#done, Promise.resolve(undefined)]);
  }
}

type Flags = Omit<StreamOptions, 'file'>;

const HELP = `
Each message is one line of JSON, as \`sluice replay\` reads it; a recorded one has the time of its arrival in \`receivedAt\`.
Standard error says what the feed does. Credentials come from the environment only: FEED_KEY and FEED_SECRET.

Exit code: 0 after --for, --limit or Ctrl-C; 1 if the service refused, or the output cannot be written; 2 for wrong usage.

Examples:
  $ sluice stream --profile binance --subscribe btcusdt@trade ethusdt@trade
  $ sluice stream --profile massive-stocks --subscribe T.AAPL AM.* | sluice replay -
  $ sluice record trades.ndjson.gz --profile kraken --subscribe trade:BTC/USD --for 1h`;

/** sluice stream: prints what a live feed sends. */
export function streamCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return withFlags(new Command('stream'))
    .description('Print the messages of a live feed, one a line.')
    .action(async (flags: Flags) => onExitCode(await stream({ ...flags, file: undefined }, terminal)));
}

/** sluice record: writes what a live feed sends. */
export function recordCommand(terminal: Terminal, onExitCode: (code: number) => void): Command {
  return withFlags(new Command('record'))
    .description('Write the messages of a live feed to a new file, one a line, packed with gzip.')
    .argument('<FILE>', 'the file, which must not exist')
    .action(async (file: string, flags: Flags) => onExitCode(await stream({ ...flags, file }, terminal)));
}

function withFlags(command: Command): Command {
  return command
    .addOption(new Option('--profile <NAME>', 'the service').choices(Object.keys(MAKERS)).makeOptionMandatory())
    .requiredOption('--subscribe <NAME...>', 'what to subscribe to, as the service writes it')
    .option('--url <URL>', 'another place than that of the service')
    .option('--for <TIME>', 'stop after 500ms, 10s, 2m or 1h (default: at Ctrl-C)', parseDuration)
    .option('--limit <N>', 'stop after N messages', parseWhole(1, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', HELP);
}
