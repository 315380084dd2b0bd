import { createRouter, ProcessingChannel } from 'sluice';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import type { Sample } from '../case.ts';
import { channelsOf } from '../contestants/sluice.ts';
import { messageOf } from '../message.ts';
import { heapInUse } from '../own-process.ts';

const CHANNELS = 1_000;
const MINUTE_MS = 60_000;
const QUARTERS = 4;

/** W8: idle costs nothing. */
export async function runIdleHour(): Promise<Sample> {
  let delivered = 0;
  const clock = createSimulatedClock();
  const count = async (batch: readonly unknown[]): Promise<void> => {
    delivered += batch.length;
  };
  const channels = Array.from({ length: CHANNELS }, (_, index) => ({ name: `c${index}`, process: count }));
  const router = createRouter({ ...channelsOf({ ProcessingChannel }, channels), clock });
  const started = router.start();
  await clock.advance(1_000);
  await started;
  for (const { name } of channels) router.route(messageOf('T', 0), { dataType: name });
  // The first minutes settle what a runtime keeps for itself.
  for (let minute = 0; minute < 6; minute += 1) await clock.advance(MINUTE_MS);
  if (delivered !== CHANNELS) throw new Error(`${CHANNELS - delivered} of ${CHANNELS} messages are missing`);
  let timers = 0;
  const growths: number[] = [];
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const before = heapInUse();
    for (let minute = 0; minute < 15; minute += 1) {
      timers = Math.max(timers, clock.pending);
      await clock.advance(MINUTE_MS);
    }
    growths.push((heapInUse() - before) / 1_024);
  }
  // A leak grows in every quarter, the runtime's own heap now and then; less than 4 kB is the measuring itself.
  const growth = Math.max(0, QUARTERS * Math.min(...growths) - 4);
  return { 'timers pending': timers, 'growth, kB': growth };
}
