import { setTimeout as sleep } from 'node:timers/promises';
import { generateMarket } from '../../src/cli/market.ts';
import { partitionOf } from '../../src/nats/index.ts';
import { clientOf, PARTITIONS, type Tick } from './brokers.ts';

/** The process with the feed: publishes the generated market, and tells how much of each key there is. */
const [kind = '', port = '', seconds = '', rate = '', badEvery = ''] = process.argv.slice(2);
const EVERY_MS = 20;
/** A feed that cannot wait would drop here; this one is generated, so it waits. */
const WAITING_MAX = 50_000;

const { publisher, close } = await clientOf(kind, Number(port), (text) => void process.stderr.write(`feed: ${text}\n`));
const market = generateMarket(1);
const counts = new Map<string, number>();
/** How many messages each partition has, and which of them the sink refuses, as `partition/number`. */
const ends = Array.from({ length: PARTITIONS }, () => 0);
const bad: string[] = [];
const startedAt = performance.now();
let published = 0;
let toldAt = 0;
for (;;) {
  const passedMs = performance.now() - startedAt;
  if (passedMs >= Number(seconds) * 1_000) break;
  const due = Math.floor((passedMs * Number(rate)) / 1_000);
  const ticks: Tick[] = [];
  for (; published < due; published++) {
    const { value: message } = market.next();
    const isCampaign = badEvery !== '';
    // A campaign needs more keys than the market has, so that every partition has some.
    const key = `${message.ev}.${message.sym}${isCampaign ? published % 8 : ''}`;
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    const partition = partitionOf(key, PARTITIONS);
    const s = (ends[partition] ?? 0) + 1;
    ends[partition] = s;
    const isBad = isCampaign && published % Number(badEvery) === Number(badEvery) - 1;
    if (isBad) bad.push(`${partition}/${s}`);
    ticks.push({ key, n, s, ...(isBad && { bad: isBad }), message });
  }
  const kept = ticks.length === 0 ? undefined : publisher.publish(ticks);
  if (publisher.waiting > WAITING_MAX) await kept;
  if (passedMs - toldAt > 500) {
    toldAt = passedMs;
    process.send?.({ published });
  }
  await sleep(EVERY_MS);
}
await publisher.close(30_000);
await close();
process.send?.({ published, counts: [...counts], ends, bad });
process.disconnect();
