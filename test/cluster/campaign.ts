import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import { parseWhole } from '../../src/cli/option-values.ts';
import type { KeptLetter } from '../../src/core/letter-store-port.ts';
import { createRandom } from '../../src/core/random.ts';
import { npmCommand, parseAmount, parseSeed } from '../support/command-line.ts';
import { failovers, idleSpans, judge, type Span } from './account.ts';
import { type BrokerKind, clientOf, PARTITIONS, startBroker, WINDOW_FRAMES } from './brokers.ts';
import { Faults } from './faults.ts';
import { startFeed } from './run-feed.ts';
import { SinkFiles } from './sink-files.ts';

const {
  broker: kind,
  minutes,
  seed,
  rate,
} = npmCommand(
  'campaign',
  `Runs three to five workers on a broker under faults: kills, pauses, lost
connections, restarts of the broker, a sink that is down. It ends with an account
of what was published and what each sink wrote.`,
  '--broker redis --minutes 10 --rate 5000 --seed 7',
)
  .addOption(new Option('--broker <name>', 'nats-server or redis-server').choices(['nats', 'redis']).default('nats'))
  .option('--minutes <n>', 'how long the feed publishes', parseAmount, 1)
  .option('--seed <n>', 'of the faults', parseSeed, 1)
  .option('--rate <n>', 'messages a second', parseWhole(1, 1_000_000), 20_000)
  .parse()
  .opts<{ broker: BrokerKind; minutes: number; seed: number; rate: number }>();
const BAD_EVERY = 20_000;
const LEASE_MS = 3_000;
/** After the last fault, for what is left. */
const CALM_SECONDS = 90;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const now = (): number => performance.timeOrigin + performance.now();
const seconds = minutes * 60;
const directory = mkdtempSync(join(tmpdir(), 'sluice-campaign-'));
const sinks = new SinkFiles(directory, PARTITIONS);
const broker = await startBroker(kind);
const faults = new Faults({ kind, broker, directory, random: createRandom(seed), say });
await faults.begin();
const startedAt = now();
const feed = startFeed(new URL('feed.js', import.meta.url), [
  ...[kind, String(broker.port), String(seconds), String(rate), String(BAD_EVERY)],
]);
while (now() - startedAt < seconds * 1_000) {
  await faults.next();
  say(`${((now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  published ${feed.told.published}`);
}
await faults.calm();
const { published, ends, bad } = await feed.ended;
const endedAt = now();
const total = { ends, bad: new Set(bad) };
const isWhole = () => judge(sinks.read(), total, bad, WINDOW_FRAMES).mistakes.length === 0;
for (let rest = CALM_SECONDS; rest > 0 && !isWhole(); rest -= 5) await sleep(5_000);
const { letters, crashed } = await lettersOf();
await faults.end();
const code = report();
await broker.end();
if (code === 0) rmSync(directory, { recursive: true });
else say(`what the sinks wrote is in ${directory}`);
process.exit(code);

/** The dead letters on the broker, as `partition/number`, those of messages in which a process seemed to die apart. */
async function lettersOf() {
  const { letters, close } = await clientOf(kind, broker.port, () => {});
  const kept = await letters.list();
  await close();
  const nameOf = ({ id, message }: KeptLetter): string => {
    const { s } = message as { readonly s?: number };
    if (s === undefined) say(`a letter is not what was published: ${JSON.stringify({ id, message })}`);
    return `${id.split('/')[1]}/${s}`;
  };
  const named = (isCrash: boolean) => kept.filter(({ reason }) => (reason === 'crashed') === isCrash).map(nameOf);
  return { letters: named(false), crashed: new Set(named(true)) };
}

function report(): number {
  const written = sinks.read();
  const { mistakes, again, rewinds } = judge(written, { ...total, crashed }, letters, WINDOW_FRAMES);
  const measured = { from: startedAt + 5_000, to: endedAt };
  const idle = idleSpans(written, measured, faults.excused);
  const idleMs = Math.max(...idle.map((spans) => spans.reduce((sum, { from, to }) => sum + to - from, 0)));
  const took = (isCalm: boolean): readonly number[] =>
    faults.deaths
      .filter((death) => faults.isAlone(death) === isCalm)
      .flatMap(({ worker, at }) => failovers(written, worker, at));
  say(`
${kind}, seed ${seed}, ${minutes} minutes
published   ${published} messages, ${(published / seconds).toFixed(0)} a second
faults      ${faults.counts}
again       ${again} messages; frames from the first of a stay back to the last before: ${spread(rewinds)}, window ${WINDOW_FRAMES}
letters     ${letters.length} of ${bad.length} bad messages; ${crashed.size} more in which a process was killed again and again
served      ${((1 - idleMs / (measured.to - measured.from)) * 100).toFixed(2)} % of the time by the worst partition, hand-overs and outages apart
idle        ${idle.flatMap((spans, partition) => spans.map((span) => idleText(partition, span))).join('; ')}
failover    ms after kill -9 or SIGSTOP alone: ${spread(took(true))}; lease ${LEASE_MS}
            beside other faults: ${spread(took(false))}
mistakes    ${mistakes.length} (skipped, out of order, missing, two owners, outside the window)`);
  for (const mistake of mistakes.slice(0, 20)) say(`  ${mistake}`);
  return mistakes.length === 0 && published > 0 ? 0 : 1;
}

function idleText(partition: number, { from, to }: Span): string {
  return `${partition} for ${((to - from) / 1_000).toFixed(1)} s at ${((from - startedAt) / 1_000).toFixed(0)} s`;
}

function spread(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(0);
  return `${sorted.length} times, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`;
}
