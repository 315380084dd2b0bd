import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { KeptLetter } from '../../src/core/letter-store-port.ts';
import { createRandom } from '../../src/core/random.ts';
import { failovers, idleSpans, judge } from './account.ts';
import { clientOf, PARTITIONS, startBroker, WINDOW_FRAMES } from './brokers.ts';
import { Faults } from './faults.ts';
import { startFeed } from './run-feed.ts';
import { SinkFiles } from './sink-files.ts';

/** Workers on a broker, with faults from a seed; ends with an account of what was published and what each sink wrote. */
const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'nats' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '20000' },
  },
});
const BAD_EVERY = 20_000;
const LEASE_MS = 3_000;
/** After the last fault, for what is left. */
const CALM_SECONDS = 90;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const now = (): number => performance.timeOrigin + performance.now();
const kind = values.broker;
const seconds = Number(values.minutes) * 60;
const directory = mkdtempSync(join(tmpdir(), 'sluice-campaign-'));
const sinks = new SinkFiles(directory, PARTITIONS);
const broker = await startBroker(kind);
const faults = new Faults({ kind, broker, directory, random: createRandom(Number(values.seed)), say });
await faults.begin();
const startedAt = now();
const feed = startFeed(new URL('feed.js', import.meta.url), [
  ...[kind, String(broker.port), String(seconds), values.rate, String(BAD_EVERY)],
]);
while (now() - startedAt < seconds * 1_000) {
  await faults.next();
  say(`${((now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  published ${feed.told.published}`);
}
await faults.calm();
const { published, ends, bad } = await feed.ended;
const endedAt = now();
const total = { ends, bad: new Set(bad) };
for (let rest = CALM_SECONDS; rest > 0 && account().mistakes.length > 0; rest -= 5) await sleep(5_000);
const { letters, crashed } = await lettersOf();
await faults.end();
const code = report();
await broker.end();
if (code === 0) rmSync(directory, { recursive: true });
else say(`what the sinks wrote is in ${directory}`);
process.exit(code);

function account() {
  return judge(sinks.read(), total, bad, WINDOW_FRAMES);
}

/** The dead letters on the broker, as `partition/number`, those of messages in which a process seemed to die apart. */
async function lettersOf(): Promise<{ readonly letters: readonly string[]; readonly crashed: ReadonlySet<string> }> {
  const { letters, close } = await clientOf(kind, broker.port, () => {});
  const kept = await letters.list();
  await close();
  const nameOf = ({ id, message }: KeptLetter): string => {
    const { s } = message as { readonly s?: number };
    if (s === undefined) say(`a letter is not what was published: ${JSON.stringify({ id, message })}`);
    return `${id.split('/')[1]}/${s}`;
  };
  const [crashes, rest] = [true, false].map((isCrash) =>
    kept.filter(({ reason }) => (reason === 'crashed') === isCrash),
  );
  return { letters: rest?.map(nameOf) ?? [], crashed: new Set(crashes?.map(nameOf)) };
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
${kind}, seed ${values.seed}, ${values.minutes} minutes
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

function idleText(partition: number, { from, to }: { readonly from: number; readonly to: number }): string {
  return `${partition} for ${((to - from) / 1_000).toFixed(1)} s at ${((from - startedAt) / 1_000).toFixed(0)} s`;
}

function spread(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(0);
  return `${sorted.length} times, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`;
}
