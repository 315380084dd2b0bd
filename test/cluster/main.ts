import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import { parseWhole } from '../../src/cli/option-values.ts';
import { runWorkers, type Workers } from '../../src/workers/index.ts';
import { npmCommand, parseAmount } from '../support/command-line.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type BrokerKind, deliveredBy, startBroker } from './brokers.ts';
import { ledgerOf } from './ledger.ts';
import { startFeed } from './run-feed.ts';

const { broker: kind, ...options } = npmCommand(
  'start:cluster',
  `Runs a cluster on this machine: a broker, a process with a generated feed, and
three workers, one of which is killed every ten seconds. It prints the address
of a page with all workers, and ends with what was published and delivered.`,
  '--broker redis --seconds 600',
)
  .addOption(new Option('--broker <name>', 'nats-server or redis-server').choices(['nats', 'redis']).default('nats'))
  .option('--seconds <n>', 'how long the feed publishes', parseAmount, 45)
  .option('--rate <n>', 'messages a second', parseWhole(1, 1_000_000), 2_000)
  .parse()
  .opts<{ broker: BrokerKind; seconds: number; rate: number }>();
const WORKERS = 3;
const KILL_EVERY = 10;
/** After the end of the feed, for the last failover and what is left. */
const REST_SECONDS = 30;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const besideThis = (name: string): URL => new URL(name, import.meta.url);
const directory = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
let starting: Promise<Workers> | undefined;
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
// It stays until the workers have drained, and ends with this process.
ServerProcess.isApart = true;
const broker = await startBroker(kind).catch((error: Error) => {
  say(`there is no broker (apt-get install nats-server, or redis-server): ${error.message}`);
  process.exit(1);
});
const place = [kind, String(broker.port)];
const feed = startFeed(besideThis('feed.js'), [...place, String(options.seconds), String(options.rate)]);
let counts: ReadonlyMap<string, number> | undefined;
feed.ended.then(
  (end) => {
    counts = new Map(end.counts);
  },
  (error: Error) => isEnding || say(`       ${error.message}`),
);
starting = runWorkers({
  module: besideThis('worker.js'),
  workers: WORKERS,
  args: [...place, directory],
  // They are killed on purpose.
  restart: { limit: 1_000 },
  serve: {},
  onEvent: (text) => say(`       ${text}`),
});
const workers = await starting;
say(
  `${kind} on port ${broker.port}; the page of all workers: http://127.0.0.1:${workers.port}/ (and /metrics, /health)`,
);
const kills = await watch();
await end(isEnding ? 0 : report(kills));

/** Until everything that was published is delivered, or the time is over. Resolves with the number of kills. */
async function watch(): Promise<number> {
  const startedAt = performance.now();
  let kills = 0;
  for (let seconds = 0; seconds < options.seconds + REST_SECONDS; ) {
    await sleep(1_000);
    seconds = (performance.now() - startedAt) / 1_000;
    say(
      `${seconds.toFixed(0).padStart(4)} s published ${feed.told.published}, delivered by the workers ${await deliveredBy(workers)}`,
    );
    if (isEnding || (counts !== undefined && ledgerOf(directory, counts).mistakes.length === 0)) break;
    const isDue = counts === undefined && seconds >= (kills + 1) * KILL_EVERY;
    if (isDue) kills += await kill(workers, kills % WORKERS);
  }
  return kills;
}

async function kill(workers: Workers, number: number): Promise<number> {
  const { pid } = (await workers.health()).workers[number] ?? {};
  if (pid === undefined) return 0;
  say(`       kill -9 ${pid}, worker ${number}`);
  process.kill(pid, 'SIGKILL');
  return 1;
}

/** Returns the exit code. */
function report(kills: number): number {
  const { published } = feed.told;
  const { delivered, again, mistakes } = ledgerOf(directory, counts ?? new Map());
  say(`
published     ${published} messages of ${counts?.size ?? 0} keys
delivered     ${delivered}, ${again} of them again
kills         ${kills}
mistakes      ${mistakes.length} (skipped, out of order, missing)`);
  for (const mistake of mistakes.slice(0, 20)) say(`  ${mistake}`);
  return mistakes.length === 0 && published > 0 ? 0 : 1;
}

/** Of two calls the first one counts. */
async function end(code: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  if (starting === undefined) return process.exit(code);
  const isWell = await (await starting).stop();
  say(isWell ? 'all workers drained and ended' : 'a worker did not end as it should');
  feed.child.kill();
  await broker.end();
  process.exit(isWell ? code : 1);
}
