import type { Case, Entrant } from './case.ts';
import { Check } from './check.ts';
import type { Intake, LaneSpec, Open, Process } from './contestant.ts';
import { type MessageType, MIX_PERIOD } from './message.ts';
import { peakMb } from './own-process.ts';
import { Producer } from './producer.ts';
import { SLICE, type Supply } from './supply.ts';

/** How long a contestant is measured at a time. */
export const WINDOW_MS = 50;
/** The first ones are for the compiler. */
export const WINDOWS: Case['turns'] = { warmUp: 16, counted: 12 };

/** A workload of messages that are pushed as fast as they are taken. */
export interface Workload {
  readonly supply: () => Supply;
  readonly batchSize: number;
  /** Makes the handler of a channel. */
  readonly processOf: (check: Check) => Process;
}

/** Pushes the workload through a contestant. Room is the default of sluice: a slice fits when the one before was delivered. */
export async function openWorkload({ supply, batchSize, processOf }: Workload, open: Open): Promise<Entrant> {
  const messages = supply();
  const checks = checksOf(messages);
  const same = { batchSize, timeoutMs: 100, capacity: SLICE };
  const intake = await open(lanesOf(checks, processOf, { T: same, AM: same, FMV: same }));
  return openProducer(new Producer(messages, intake, checks), intake);
}

/** Each measurement is a window of steady traffic. */
export function openProducer(producer: Producer, intake: Intake): Entrant {
  return {
    measure: async () => ({ 'messages/s': await producer.run(WINDOW_MS, MIX_PERIOD / SLICE), 'peak MB': peakMb() }),
    async finish() {
      await producer.settle();
      await intake.close();
    },
  };
}

/** A check for each channel. */
export function checksOf(supply: Supply): Check[] {
  return supply.types.map((type) => new Check(type, supply.period(type)));
}

/** A channel for each check, with priorities in their order. */
export function lanesOf(
  checks: readonly Check[],
  processOf: (check: Check) => Process,
  options: Readonly<Record<MessageType, Pick<LaneSpec, 'batchSize' | 'timeoutMs' | 'capacity'>>>,
): LaneSpec[] {
  return checks.map((check, index) => {
    return { type: check.type, priority: index + 1, process: processOf(check), ...options[check.type] };
  });
}

/** The batches and windows that ship. */
export function shipped(capacity: number) {
  return {
    T: { batchSize: 1, timeoutMs: 10, capacity },
    AM: { batchSize: 100, timeoutMs: 100, capacity },
    FMV: { batchSize: 50, timeoutMs: 500, capacity },
  };
}

export function asyncProcess(check: Check): Process {
  return async (batch) => check.see(batch);
}

export function syncProcess(check: Check): Process {
  return (batch) => {
    check.see(batch);
    return undefined;
  };
}

const SINK_FAILED = new Error('the sink failed');

/** One call in a hundred fails, and succeeds when it comes again. */
export function failingProcess(check: Check): Process {
  let calls = 0;
  let hasFailed = false;
  return async (batch) => {
    calls += hasFailed ? 0 : 1;
    hasFailed = !hasFailed && calls % 100 === 0;
    if (hasFailed) throw SINK_FAILED;
    check.see(batch);
  };
}
