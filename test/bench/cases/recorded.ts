import { createReadStream, existsSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Case, Sample } from '../case.ts';
import { Check } from '../check.ts';
import type { LaneSpec } from '../contestant.ts';
import { createLanesRouter, intakeOf } from '../contestants/sluice.ts';
import { Producer } from '../drive.ts';
import type { Message, MessageType } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { ownTime, peakMb, steadyRate, WARM_MS } from '../run.ts';
import { SLICE, type Supply } from '../supply.ts';

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
  run(contestant) {
    if (contestant === 'parse') return runParse();
    if (contestant === 'read') return runRead();
    return contestant === 'sluice' ? runMemory() : runFile();
  },
};

/** What the lines cost by themselves. */
async function runParse(): Promise<Sample> {
  const lines: string[] = [];
  for await (const some of linesOf(FILE)) lines.push(...some);
  let parsed = 0;
  const run = (budgetMs: number): number => {
    const before = parsed;
    const startedAt = ownTime();
    const end = performance.now() + budgetMs;
    while (performance.now() < end) for (const line of lines) if (JSON.parse(line).ev !== '') parsed += 1;
    return ((parsed - before) / (ownTime() - startedAt)) * 1_000;
  };
  run(WARM_MS);
  return { perSecond: await steadyRate(run), peakMb: peakMb() };
}

/** Parsed messages, routed. */
async function runMemory(): Promise<Sample> {
  const messages: Message[] = [];
  for await (const some of messagesOf(FILE)) messages.push(...some);
  const supply = new Recording(messages);
  const { checks, lanes } = recordedLanes((type) => supply.period(type));
  const router = createLanesRouter(lanes);
  await router.start();
  const intake = intakeOf(router);
  const producer = new Producer(supply, intake, checks);
  await producer.run(WARM_MS, 1);
  const perSecond = await steadyRate((budgetMs) => producer.run(budgetMs, 1));
  await producer.settle();
  await intake.close();
  return { perSecond, peakMb: peakMb() };
}

/** From the file to parsed messages, which nobody gets. */
async function runRead(): Promise<Sample> {
  let count = 0;
  for await (const messages of messagesOf(FILE)) count += messages.length;
  const startedAt = ownTime();
  count = 0;
  for await (const messages of messagesOf(FILE)) count += messages.length;
  return { perSecond: (count / (ownTime() - startedAt)) * 1_000, peakMb: peakMb() };
}

/** From the file to the channels. */
async function runFile(): Promise<Sample> {
  const { checks, lanes } = recordedLanes(() => Number.POSITIVE_INFINITY);
  const router = createLanesRouter(lanes);
  await router.start();
  const numbers = { T: 0, AM: 0, FMV: 0 };
  await router.consume(messagesOf(FILE, numbers));
  const startedAt = ownTime();
  const { accepted } = await router.consume(messagesOf(FILE, numbers));
  const elapsedMs = ownTime() - startedAt;
  router.flush();
  const giveUpAt = performance.now() + STALLED_MS;
  const verdict = (): string | undefined =>
    checks.map((check) => check.verdict(numbers[check.type])).find((text) => text !== undefined);
  while (verdict() !== undefined && performance.now() < giveUpAt) await new Promise((go) => setTimeout(go, 5));
  const wrong = verdict();
  if (wrong !== undefined) throw new Error(wrong);
  await router.stop();
  return { perSecond: (accepted / elapsedMs) * 1_000, peakMb: peakMb() };
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
