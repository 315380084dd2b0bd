import type { Sample } from '../case.ts';
import { Check, verdictOf } from '../check.ts';
import { nextTurn, type Open, type Process } from '../contestant.ts';
import { messageOf } from '../message.ts';
import { ownTime } from '../own-process.ts';
import { quantile } from '../statistics.ts';
import { lanesOf } from '../workload.ts';

const WARM_MS = 300;
const WATCH_MS = 1_500;
const SPIN_MS = 2;
const CAPACITY = 1_000;
const stream = { batchSize: 100, timeoutMs: 100, capacity: CAPACITY };
const options = { T: { batchSize: 1, timeoutMs: 10, capacity: CAPACITY }, AM: stream, FMV: stream };

/** W4: urgent messages beside two streams that keep the processor busy. */
export async function runLatency(open: Open): Promise<Sample> {
  const urgent = new Check('T', Infinity);
  const streams = [new Check('AM', Infinity), new Check('FMV', Infinity)];
  const checks = [urgent, ...streams];
  const due: number[] = [];
  const sent = new Map<Check, number>(streams.map((check) => [check, 0]));
  const latencies: number[] = [];
  const intake = await open(lanesOf(checks, (check) => (check === urgent ? timed : spinning(check)), options));
  await run(WARM_MS);
  const before = streams.map(({ seen }) => seen);
  latencies.length = 0;
  await run(WATCH_MS);
  const batches = streams.map(({ seen }, index) => (seen - (before[index] ?? 0)) / stream.batchSize);
  const sample = {
    'p50 ms': quantile(latencies, 0.5),
    'p99 ms': quantile(latencies, 0.99),
    'max ms': quantile(latencies, 1),
    'slower stream, batches/s': Math.min(...batches) / (WATCH_MS / 1_000),
  };
  const pushed = [...sent.values()].reduce((sum, count) => sum + count, due.length);
  const verdict = (): string | undefined => verdictOf(checks, pushed);
  for (const giveUpAt = ownTime() + 10_000; verdict() !== undefined; await nextTurn())
    if (ownTime() > giveUpAt) throw new Error(verdict());
  await intake.close();
  return sample;

  async function timed(batch: Parameters<Process>[0]): Promise<void> {
    const now = ownTime();
    for (const { n } of batch) latencies.push(now - (due[n] ?? Number.NaN));
    urgent.see(batch);
  }

  /** Each turn of the event loop brings what has come meanwhile, as a socket does. */
  async function run(ms: number): Promise<void> {
    const startedAt = ownTime();
    for (let at = startedAt; at < startedAt + ms; ) {
      for (const now = ownTime(); at <= now; at += 1) {
        due.push(at);
        if (!intake.push(messageOf('T', due.length - 1))) throw new Error('no room for an urgent message');
      }
      for (const each of streams) refill(each);
      await nextTurn();
    }
  }

  /** A stream has more than any contestant takes, up to the bound of a mailbox. */
  function refill(check: Check): void {
    let count = sent.get(check) ?? 0;
    while (count - check.seen < CAPACITY && intake.push(messageOf(check.type, count))) count += 1;
    sent.set(check, count);
  }
}

function spinning(check: Check): Process {
  return async (batch) => {
    for (const end = ownTime() + SPIN_MS; ownTime() < end; );
    check.see(batch);
  };
}
