import { type Case, ONCE, type Sample } from '../case.ts';
import { Check } from '../check.ts';
import type { LaneSpec } from '../contestant.ts';
import { loadPeer } from '../contestants.ts';
import { Producer } from '../drive.ts';
import { type Message, mixedType } from '../message.ts';
import { milliseconds } from '../report/measures.ts';
import { queuedMs } from '../run.ts';
import { median, quantile } from '../statistics.ts';
import { Pool, SLICE } from '../supply.ts';

const BURST = 10_000;
const WARM_BURSTS = 10;
const BURSTS = 30;
const SILENCE_MS = 15;

/** Batches as they ship, which a burst fills without a rest. */
const shipped = { T: [1, 10], AM: [100, 100], FMV: [50, 500] } as const;

/** A burst, then silence; room for all of it. */
export const burstCase: Case = {
  name: 'W7',
  title:
    'a burst of 10,000 messages in ten slices, then silence, with the batches and windows that ship and room for all; from push to process',
  baseline: 'bare',
  references: ['bare'],
  contestants: ['bare', 'hand', 'fastq', 'p-queue', 'writable', 'effect', 'rxjs', 'sluice'],
  measures: [
    milliseconds('burstMs', 'burst ms'),
    milliseconds('p50Ms', 'p50 ms, priority 1'),
    milliseconds('p99Ms', 'p99 ms, priority 1'),
  ],
  turns: ONCE,
  open: async (contestant) => ({ measure: () => runBursts(contestant) }),
};

async function runBursts(contestant: string): Promise<Sample> {
  const supply = new Pool(BURST, mixedType);
  const pushedAt = new Float64Array(supply.period('T'));
  const latencies: number[] = [];
  const checks = supply.types.map((type) => new Check(type, supply.period(type)));
  const lanes = checks.map((check, index): LaneSpec => {
    const [batchSize, timeoutMs] = shipped[check.type];
    const watch = (batch: readonly Message[]): void => {
      const now = performance.now();
      for (const { n } of batch) latencies.push(now - (pushedAt[n] ?? Number.NaN));
    };
    const process = async (batch: readonly Message[]): Promise<void> => {
      if (check.type === 'T') watch(batch);
      check.see(batch);
    };
    return { type: check.type, priority: index + 1, batchSize, timeoutMs, capacity: BURST, isSync: false, process };
  });
  const intake = await (await loadPeer(contestant))(lanes);
  const push = (message: Message): boolean => {
    if (message.ev === 'T') pushedAt[message.n] = performance.now();
    return intake.push(message);
  };
  const producer = new Producer(supply, { ...intake, push }, checks);
  const bursts: Burst[] = [];
  for (let burst = 0; burst < WARM_BURSTS + BURSTS; burst += 1) {
    latencies.length = 0;
    const queuedBefore = queuedMs();
    const startedAt = performance.now();
    for (let slice = 0; slice < BURST / SLICE; slice += 1) await producer.slice();
    if (!producer.isSettled) await producer.settle();
    const burstMs = performance.now() - startedAt;
    if (burst >= WARM_BURSTS) {
      const disturbedMs = queuedMs() - queuedBefore;
      bursts.push({ disturbedMs, burstMs, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) });
    }
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  }
  await producer.settle();
  await intake.close();
  return medianBurst(bursts);
}

interface Burst {
  /** How long the machine did something else meanwhile. */
  readonly disturbedMs: number;
  readonly burstMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Of the half that was disturbed least. */
function medianBurst(bursts: readonly Burst[]): Sample {
  const calm = [...bursts].sort((a, b) => a.disturbedMs - b.disturbedMs).slice(0, BURSTS / 2);
  return {
    burstMs: median(calm.map(({ burstMs }) => burstMs)),
    p50Ms: median(calm.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(calm.map(({ p99Ms }) => p99Ms)),
  };
}
