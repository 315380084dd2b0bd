import type { Entrant } from './case.ts';
import { Check } from './check.ts';
import type { Intake, LaneSpec, Open, Process } from './contestant.ts';
import { Producer } from './drive.ts';
import { MIX_PERIOD } from './message.ts';
import { peakMb, WINDOW_MS } from './run.ts';
import { SLICE, type Supply } from './supply.ts';

/** The default of sluice; a slice of 1,000 fits when the one before was delivered. */
const CAPACITY = 1_000;
/** Batches are full after so many slices. */
export const SLICES = MIX_PERIOD / SLICE;

/** A workload of messages that are pushed as fast as they are taken. */
export interface Workload {
  readonly supply: () => Supply;
  readonly batchSize: number;
  readonly isSync: boolean;
}

/** Pushes the workload through a contestant. */
export async function openWorkload(workload: Workload, open: Open, failing = false): Promise<Entrant> {
  const supply = workload.supply();
  const { lanes, checks } = lanesFor(workload, supply, failing);
  const intake = await open(lanes);
  return openProducer(new Producer(supply, intake, checks), intake);
}

/** Each measurement is a window of steady traffic; all batches are full after so many slices. */
export function openProducer(producer: Producer, intake: Intake, slices = SLICES): Entrant {
  return {
    async measure() {
      const refusedBefore = producer.refused;
      const perSecond = await producer.run(WINDOW_MS, slices);
      return { perSecond, refused: producer.refused - refusedBefore, peakMb: peakMb() };
    },
    async finish() {
      await producer.settle();
      await intake.close();
    },
  };
}

/** The channels of a workload, each with its check. */
export function lanesFor({ batchSize, isSync }: Omit<Workload, 'supply'>, supply: Supply, failing = false) {
  const checks = supply.types.map((type) => new Check(type, supply.period(type)));
  const processOf = isSync ? syncProcess : failing ? failingProcess : asyncProcess;
  const lanes = checks.map(
    (check, index): LaneSpec => ({
      type: check.type,
      priority: index + 1,
      batchSize,
      timeoutMs: 100,
      capacity: CAPACITY,
      isSync,
      process: processOf(check),
    }),
  );
  return { lanes, checks };
}

function asyncProcess(check: Check): Process {
  return async (batch) => check.see(batch);
}

function syncProcess(check: Check): Process {
  return (batch) => {
    check.see(batch);
    return undefined;
  };
}

const SINK_FAILED = new Error('the sink failed');

/** One call in a hundred fails, and succeeds when it comes again. */
function failingProcess(check: Check): Process {
  let calls = 0;
  let hasFailed = false;
  return async (batch) => {
    if (!hasFailed) {
      calls += 1;
      if (calls % 100 === 0) {
        hasFailed = true;
        throw SINK_FAILED;
      }
    }
    hasFailed = false;
    check.see(batch);
  };
}
