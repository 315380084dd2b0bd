import type { Sample } from '../case.ts';
import type { Check } from '../check.ts';
import type { Open } from '../contestant.ts';
import { type Message, mixedType } from '../message.ts';
import { queuedMs } from '../own-process.ts';
import { Producer } from '../producer.ts';
import { mediansOf } from '../standing.ts';
import { quantile } from '../statistics.ts';
import { poolOf, SLICE } from '../supply.ts';
import { checksOf, lanesOf, shipped } from '../workload.ts';

const BURST = 10_000;
const WARM_BURSTS = 10;
const BURSTS = 30;
const SILENCE_MS = 15;

/** W7: a burst, then silence; there is room for all of it. */
export async function runBursts(open: Open): Promise<Sample> {
  const supply = poolOf(BURST, mixedType);
  const pushedAt = new Float64Array(supply.period('T'));
  const latencies: number[] = [];
  const checks = checksOf(supply);
  const processOf = (check: Check) => async (batch: readonly Message[]) => {
    const now = check.type === 'T' ? performance.now() : 0;
    if (now > 0) for (const { n } of batch) latencies.push(now - (pushedAt[n] ?? Number.NaN));
    check.see(batch);
  };
  const intake = await open(lanesOf(checks, processOf, shipped(BURST)));
  const push = (message: Message): boolean => {
    if (message.ev === 'T') pushedAt[message.n] = performance.now();
    return intake.push(message);
  };
  const producer = new Producer(supply, { ...intake, push }, checks);
  const bursts: { readonly disturbedMs: number; readonly sample: Sample }[] = [];
  for (let burst = 0; burst < WARM_BURSTS + BURSTS; burst += 1) {
    latencies.length = 0;
    const queuedBefore = queuedMs();
    const startedAt = performance.now();
    for (let slice = 0; slice < BURST / SLICE; slice += 1) await producer.slice();
    await producer.settle();
    const sample = {
      'burst ms': performance.now() - startedAt,
      'p50 ms, priority 1': quantile(latencies, 0.5),
      'p99 ms, priority 1': quantile(latencies, 0.99),
    };
    bursts.push({ disturbedMs: queuedMs() - queuedBefore, sample });
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  }
  await intake.close();
  // Of the half that was disturbed least: in those the machine did little else meanwhile.
  const warm = bursts.slice(WARM_BURSTS).sort((a, b) => a.disturbedMs - b.disturbedMs);
  return mediansOf(warm.slice(0, BURSTS / 2).map(({ sample }) => sample));
}
