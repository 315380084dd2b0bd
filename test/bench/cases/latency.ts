import { type Case, ONCE, type Sample } from '../case.ts';
import { Check } from '../check.ts';
import { type Intake, type LaneSpec, nextTurn } from '../contestant.ts';
import { loadPeer } from '../contestants.ts';
import { type MessageType, messageOf } from '../message.ts';
import { milliseconds, plain } from '../report/measures.ts';
import { ownTime } from '../run.ts';
import { quantile } from '../statistics.ts';

const WARM_MS = 300;
const WATCH_MS = 1_500;
const SPIN_MS = 2;
const CAPACITY = 1_000;
const BATCH = 100;
const STREAMS: readonly MessageType[] = ['AM', 'FMV'];

/** Urgent messages beside two streams that keep the processor busy. */
export const latencyCase: Case = {
  name: 'W4',
  title:
    'a priority-1 message every millisecond beside two saturating streams whose batches spin 2 ms: due → start of process',
  baseline: 'ideal',
  references: ['ideal'],
  contestants: [
    'ideal',
    'hand',
    'hand-yielding',
    'fastq',
    'p-queue',
    'p-queue-yielding',
    'writable',
    'effect',
    'rxjs',
    'xstate',
    'sluice',
  ],
  measures: [
    milliseconds('p50Ms', 'p50 ms'),
    milliseconds('p99Ms', 'p99 ms'),
    milliseconds('maxMs', 'max ms'),
    plain('slowerStream', 'batches/s of the slower stream'),
  ],
  turns: ONCE,
  open: async (contestant) => ({ measure: () => runLatency(contestant) }),
};

async function runLatency(contestant: string): Promise<Sample> {
  const world = new Saturated(await loadPeer(contestant));
  await world.run(WARM_MS);
  const before = world.batches();
  world.latencies.length = 0;
  await world.run(WATCH_MS);
  const batches = world.batches().map((count, index) => count - (before[index] ?? 0));
  const { latencies } = world;
  const sample = {
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    slowerStream: Math.min(...batches) / (WATCH_MS / 1_000),
  };
  await world.finish();
  return sample;
}

/** What goes on in this case. */
class Saturated {
  readonly latencies: number[] = [];
  readonly #due: number[] = [];
  readonly #urgent = new Check('T', Number.POSITIVE_INFINITY);
  readonly #streams = STREAMS.map((type) => ({ check: new Check(type, Number.POSITIVE_INFINITY), sent: 0 }));
  readonly #intake: Intake | Promise<Intake>;

  constructor(open: (lanes: readonly LaneSpec[]) => Intake | Promise<Intake>) {
    const lane = { timeoutMs: 10, capacity: CAPACITY, isSync: false };
    const urgent: LaneSpec = {
      ...lane,
      type: 'T',
      priority: 1,
      batchSize: 1,
      process: async (batch) => {
        const now = ownTime();
        for (const { n } of batch) this.latencies.push(now - (this.#due[n] ?? Number.NaN));
        this.#urgent.see(batch);
      },
    };
    const streams = this.#streams.map(({ check }, index): LaneSpec => {
      const process = async (batch: Parameters<LaneSpec['process']>[0]): Promise<void> => {
        const end = ownTime() + SPIN_MS;
        while (ownTime() < end);
        check.see(batch);
      };
      return { ...lane, type: check.type, priority: index + 2, batchSize: BATCH, timeoutMs: 100, process };
    });
    this.#intake = open([urgent, ...streams]);
  }

  batches(): readonly number[] {
    return this.#streams.map(({ check }) => check.seen / BATCH);
  }

  /** Each turn of the event loop brings what has come meanwhile, as a socket does. */
  async run(ms: number): Promise<void> {
    const intake = await this.#intake;
    const startedAt = ownTime();
    for (let due = startedAt; due < startedAt + ms; ) {
      for (const now = ownTime(); due <= now; due += 1) {
        this.#due.push(due);
        if (!intake.push(messageOf('T', this.#due.length - 1))) throw new Error('no room for an urgent message');
      }
      for (const stream of this.#streams) this.#refill(stream, intake);
      await nextTurn();
    }
  }

  /** The streams have more than anybody takes, up to the bound of a mailbox. */
  #refill(stream: { readonly check: Check; sent: number }, intake: Intake): void {
    while (stream.sent - stream.check.seen < CAPACITY) {
      if (!intake.push(messageOf(stream.check.type, stream.sent))) return;
      stream.sent += 1;
    }
  }

  async finish(): Promise<void> {
    const giveUpAt = ownTime() + 10_000;
    const verdict = (): string | undefined =>
      this.#urgent.verdict(this.#due.length) ??
      this.#streams.map(({ check, sent }) => check.verdict(sent)).find((text) => text !== undefined);
    while (verdict() !== undefined && ownTime() < giveUpAt) await new Promise((go) => setTimeout(go, 5));
    const wrong = verdict();
    if (wrong !== undefined) throw new Error(wrong);
    await (await this.#intake).close();
  }
}
