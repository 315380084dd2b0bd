import { createRouter } from 'sluice';
import type { Case, Entrant } from '../case.ts';
import { StridedCheck } from '../check.ts';
import { createLanesRouter, intakeOf, Sink } from '../contestants/sluice.ts';
import { Producer } from '../drive.ts';
import { type Message, mixedType, SYMBOL_COUNT } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { WINDOWS } from '../run.ts';
import { Pool, SLICE } from '../supply.ts';
import { lanesFor, openProducer } from '../workload.ts';

const POOL = 10_000;
const BATCH = 100;

/** The fields whose price is measured, and the values tried. */
export const curves: Readonly<Record<string, readonly number[]>> = {
  batchSize: [1, 3, 10, 30, 100, 300, 1_000],
  partitions: [1, 2, 4, 8, 16],
  channels: [1, 10, 100, 1_000],
  capacity: [1_000, 10_000, 100_000],
};

const names = Object.entries(curves).flatMap(([field, values]) => values.map((value) => `sluice/${field}=${value}`));

/** How cost grows. */
export const curvesCase: Case = {
  name: 'curves',
  title: 'W1h of sluice with one thing changed: batch size, partitions, channels, capacity',
  baseline: 'sluice/batchSize=100',
  references: [],
  roundsMax: 1,
  contestants: names,
  measures: perSecondMeasures,
  turns: WINDOWS,
  open: async (contestant) => {
    const [field = '', value] = (contestant.split('/')[1] ?? '').split('=');
    return field === 'channels' ? openMany(Number(value)) : openField(field, Number(value));
  },
};

async function openField(field: string, value: number): Promise<Entrant> {
  const supply = new Pool(POOL, mixedType);
  const isSplit = field === 'partitions';
  const { lanes, checks } = lanesFor({ batchSize: BATCH, isSync: false }, supply);
  const strided = supply.types.map((type) => new StridedCheck(type, supply.period(type), SYMBOL_COUNT));
  const router = createLanesRouter(
    isSplit ? lanes.map((lane, index) => ({ ...lane, process: async (batch) => strided[index]?.see(batch) })) : lanes,
    { [field]: value },
  );
  await router.start();
  const intake = intakeOf(router);
  return openProducer(new Producer(supply, intake, isSplit ? strided : checks), intake);
}

/** The same trades, dealt out to so many channels. */
async function openMany(count: number): Promise<Entrant> {
  const supply = new Pool(POOL, () => 'T');
  const check = new StridedCheck('T', supply.period('T'), count);
  const options = Array.from({ length: count }, (_, index) => ({ dataType: `c${index}` }));
  const sink = (): Sink => new Sink(async (batch) => check.see(batch));
  const router = createRouter({
    config: { channels: Object.fromEntries(options.map(({ dataType }) => [dataType, { batchSize: BATCH }])) },
    channels: Object.fromEntries(options.map(({ dataType }) => [dataType, sink])),
  });
  await router.start();
  const intake = {
    ...intakeOf(router),
    push: (message: Message) => router.route(message, options[message.n % count]).status === 'accepted',
  };
  return openProducer(new Producer(supply, intake, [check]), intake, Math.ceil((count * BATCH) / SLICE));
}
