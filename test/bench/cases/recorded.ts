import { createReadStream, existsSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Case, Entrant, Sample } from '../case.ts';
import { Check } from '../check.ts';
import type { LaneSpec } from '../contestant.ts';
import { createLanesRouter, intakeOf } from '../contestants/sluice.ts';
import { Producer } from '../drive.ts';
import type { Message, MessageType } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { ownTime, peakMb, WINDOW_MS } from '../run.ts';
import { SLICE, type Supply } from '../supply.ts';
import { openProducer } from '../workload.ts';

const FILE = '../shared/data/sample/crypto-20240808.stock-style.ndjson.gz';
/** A replay that takes longer has hung. */
const STALLED_MS = 20_000;

/** Batches as they ship. */
const shipped = { T: [1, 10], AM: [100, 100], FMV: [50, 500] } as const;

/** Routing is never the bottleneck: reading is. */
export const recordedCase: Case = {
  name: 'W6',
  title: 'recorded trades, bars and fair values (58,994 lines) at full speed, with the batches and windows that ship',
  baseline: 'parse',
  references: ['parse'],
  contestants: ['parse', 'sluice', 'read', 'sluice/file'],
  measures: perSecondMeasures,
  unavailable: () => (existsSync(FILE) ? undefined : `${FILE} is not there`),
  turns: { warmUp: 10, counted: 10 },
  open(contestant) {
    if (contestant === 'parse') return openParse();
    if (contestant === 'read') return openRead();
    return contestant === 'sluice' ? openMemory() : openFile();
  },
};

/** What the lines cost by themselves. */
async function openParse(): Promise<Entrant> {
  const lines: string[] = [];
  for await (const some of linesOf(FILE)) lines.push(...some);
  const run = (budgetMs: number): number => {
    let parsed = 0;
    const startedAt = ownTime();
    const end = performance.now() + budgetMs;
    while (performance.now() < end) for (const line of lines) if (JSON.parse(line).ev !== '') parsed += 1;
    return (parsed / (ownTime() - startedAt)) * 1_000;
  };
  return { measure: async () => ({ perSecond: run(WINDOW_MS), peakMb: peakMb() }) };
}

/** Parsed messages, routed. */
async function openMemory(): Promise<Entrant> {
  const messages: Message[] = [];
  for await (const some of messagesOf(FILE)) messages.push(...some);
  const supply = new Recording(messages);
  const { checks, lanes } = recordedLanes((type) => supply.period(type));
  const router = createLanesRouter(lanes);
  await router.start();
  const intake = intakeOf(router);
  return openProducer(new Producer(supply, intake, checks), intake);
}

/** From the file to parsed messages, which nobody gets. */
async function openRead(): Promise<Entrant> {
  const run = async (): Promise<Sample> => {
    let count = 0;
    const startedAt = ownTime();
    for await (const messages of messagesOf(FILE)) count += messages.length;
    return { perSecond: (count / (ownTime() - startedAt)) * 1_000, peakMb: peakMb() };
  };
  return { measure: run };
}

/** From the file to the channels. */
async function openFile(): Promise<Entrant> {
  const { checks, lanes } = recordedLanes(() => Number.POSITIVE_INFINITY);
  const router = createLanesRouter(lanes);
  await router.start();
  const numbers = { T: 0, AM: 0, FMV: 0 };
  const run = async (): Promise<Sample> => {
    const startedAt = ownTime();
    const { accepted } = await router.consume(messagesOf(FILE, numbers));
    return { perSecond: (accepted / (ownTime() - startedAt)) * 1_000, peakMb: peakMb() };
  };
  return {
    measure: run,
    async finish() {
      await router.stop({ deadlineMs: STALLED_MS });
      for (const check of checks) {
        const verdict = check.verdict(numbers[check.type]);
        if (verdict !== undefined) throw new Error(verdict);
      }
    },
  };
}

function recordedLanes(period: (type: MessageType) => number) {
  const checks = (['T', 'AM', 'FMV'] as const).map((type) => new Check(type, period(type)));
  const lanes = checks.map((check, index): LaneSpec => {
    const [batchSize, timeoutMs] = shipped[check.type];
    const process = async (batch: readonly Message[]): Promise<void> => check.see(batch);
    return { type: check.type, priority: index + 1, batchSize, timeoutMs, capacity: SLICE, isSync: false, process };
  });
  return { checks, lanes };
}

/** The recorded messages again and again; cut and counted beforehand, because only the routing is measured. */
class Recording implements Supply {
  readonly types: readonly MessageType[] = ['T', 'AM', 'FMV'];
  readonly #slices: { readonly messages: readonly Message[]; readonly counts: Readonly<Record<MessageType, number>> }[];
  #next = 0;
  readonly #taken = { T: 0, AM: 0, FMV: 0 };
  readonly #period = { T: 0, AM: 0, FMV: 0 };

  constructor(messages: readonly Message[]) {
    this.#slices = Array.from({ length: Math.ceil(messages.length / SLICE) }, (_, index) => {
      const slice = messages.slice(index * SLICE, (index + 1) * SLICE);
      const counts = { T: 0, AM: 0, FMV: 0 };
      for (const message of slice) counts[laneOf(message)] += 1;
      return { messages: slice, counts };
    });
    for (const { counts } of this.#slices) add(this.#period, counts);
  }

  period(type: MessageType): number {
    return this.#period[type];
  }

  taken(type: MessageType): number {
    return this.#taken[type];
  }

  next(): readonly Message[] {
    const slice = this.#slices[this.#next];
    if (slice === undefined) throw new Error('the recording is empty');
    this.#next = (this.#next + 1) % this.#slices.length;
    add(this.#taken, slice.counts);
    return slice.messages;
  }

  nextBatches(): never {
    throw new Error('a recording is not split');
  }
}

function add(total: Record<MessageType, number>, counts: Readonly<Record<MessageType, number>>): void {
  total.T += counts.T;
  total.AM += counts.AM;
  total.FMV += counts.FMV;
}

/** Bars of a second and of a minute go to the same channel. */
function laneOf({ ev }: { readonly ev: string }): MessageType {
  return ev === 'T' || ev === 'FMV' ? ev : 'AM';
}

/** The messages of the file, chunk by chunk, numbered by channel. */
async function* messagesOf(file: string, numbers = { T: 0, AM: 0, FMV: 0 }): AsyncGenerator<readonly Message[]> {
  for await (const lines of linesOf(file)) {
    yield lines.map((line) => {
      const message = JSON.parse(line);
      const type = laneOf(message);
      message.n = numbers[type];
      numbers[type] += 1;
      return message;
    });
  }
}

async function* linesOf(file: string): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of createReadStream(file).pipe(createGunzip())) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') yield [rest];
}
