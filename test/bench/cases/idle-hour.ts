import { createRouter } from 'sluice';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { type Case, ONCE, type Sample } from '../case.ts';
import { Sink } from '../contestants/sluice.ts';
import { messageOf } from '../message.ts';
import { plain } from '../report/measures.ts';
import { heapInUse } from '../run.ts';

const CHANNELS = 1_000;
const MINUTES = 60;
const PARTS = 4;

/** Idle costs nothing. */
export const idleHourCase: Case = {
  name: 'W8',
  title: 'an hour on the simulated clock with 1,000 channels that were busy before and are idle now',
  baseline: 'sluice',
  references: [],
  roundsMax: 1,
  contestants: ['sluice'],
  measures: [
    plain('timers', 'timers pending'),
    plain('wakeUps', 'wake-ups in the hour'),
    plain('growthKb', 'growth, kB', 1),
  ],
  turns: ONCE,
  open: async () => ({ measure: runIdle }),
};

async function runIdle(): Promise<Sample> {
  let wakeUps = 0;
  const clock = createSimulatedClock();
  const counting = {
    ...clock,
    setTimeout: (callback: () => void, ms: number) => clock.setTimeout(counted(callback), ms),
    setImmediate: (callback: () => void) => clock.setImmediate(counted(callback)),
  };
  const counted = (callback: () => void) => (): void => {
    wakeUps += 1;
    callback();
  };
  let delivered = 0;
  const names = Array.from({ length: CHANNELS }, (_, index) => `c${index}`);
  const sink = (): Sink =>
    new Sink(async (batch) => {
      delivered += batch.length;
    });
  const router = createRouter({
    config: { channels: Object.fromEntries(names.map((name) => [name, {}])) },
    channels: Object.fromEntries(names.map((name) => [name, sink])),
    clock: counting,
  });
  const started = router.start();
  await clock.advance(1_000);
  await started;
  for (const dataType of names) router.route(messageOf('T', 0), { dataType });
  await clock.advance(60_000);
  if (delivered !== CHANNELS) throw new Error(`${CHANNELS - delivered} of ${CHANNELS} messages are missing`);
  // The first minutes settle what a runtime keeps for itself.
  for (let minute = 0; minute < 5; minute += 1) await clock.advance(60_000);
  wakeUps = 0;
  const timers = clock.pending;
  const growths: number[] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const before = heapInUse();
    for (let minute = 0; minute < MINUTES / PARTS; minute += 1) await clock.advance(60_000);
    growths.push((heapInUse() - before) / 1_024);
  }
  // A leak grows in every part of the hour, the runtime's own now and then; less than 4 kB is the measuring itself.
  const growthKb = Math.max(0, PARTS * Math.min(...growths) - 4);
  return { timers, wakeUps, growthKb };
}
