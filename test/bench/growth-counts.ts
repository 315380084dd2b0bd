import { Session } from 'node:inspector';
import { createRouter } from 'sluice';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { Sink } from './contestants/sluice.ts';
import { messageOf } from './message.ts';

/** Steps of the program, by what it was doing; a step is one run of a function or of a block in it. */
export interface GrowthCounts {
  /** From the making of the router to its last channel's being ready. */
  readonly start: number;
  /** A message for each channel, until all are idle again. */
  readonly traffic: number;
  /** One batch of one channel, while a message waits in each of the others. */
  readonly flush: number;
  readonly stop: number;
}

/** Counts on the simulated clock: the same program takes the same steps on every machine. */
async function count(channels: number): Promise<GrowthCounts> {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const clock = createSimulatedClock();
  const names = Array.from({ length: channels }, (_, index) => `c${index}`);
  let delivered = 0;
  const sink = (): Sink =>
    new Sink(async (batch) => {
      delivered += batch.length;
    });
  const config = { channels: Object.fromEntries(names.map((name) => [name, {}])) };
  const routeToAll = (): void => {
    for (const dataType of names) router.route(messageOf('T', 0), { dataType });
  };
  stepsSince(session);
  const router = createRouter({ config, channels: Object.fromEntries(names.map((name) => [name, sink])), clock });
  const started = router.start();
  await clock.advance(10);
  await started;
  const start = stepsSince(session);
  routeToAll();
  await clock.advance(3_000);
  const traffic = stepsSince(session);
  routeToAll();
  stepsSince(session);
  router.flush('c0');
  await clock.advance(10);
  const flush = stepsSince(session);
  await clock.advance(3_000);
  if (delivered !== 2 * channels) throw new Error(`${2 * channels - delivered} messages are missing`);
  stepsSince(session);
  const stopped = router.stop();
  await clock.advance(1_000);
  const { conserved } = await stopped;
  if (!conserved) throw new Error('the report of the stop does not account for every message');
  return { start, traffic, flush, stop: stepsSince(session) };
}

/** Also sets the counts back. */
function stepsSince(session: Session): number {
  let steps = 0;
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error !== null) throw error;
    for (const { functions } of coverage.result)
      for (const { ranges } of functions) for (const range of ranges) steps += range.count;
  });
  return steps;
}

process.stdout.write(JSON.stringify(await count(Number(process.argv[2]))));
