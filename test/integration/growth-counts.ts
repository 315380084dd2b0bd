import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector';
import { ConfigError, createRouter, loadConfig, ProcessingChannel } from 'sluice';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { channelsOf } from '../bench/contestants/sluice.ts';
import { messageOf } from '../bench/message.ts';

/**
 * Steps of the program; a step is one run of a function or of a block in it. `traffic` is a message for each channel,
 * until all are idle again; `flush` is one batch of one channel while a message waits in each of the others; `mistakes`
 * is a configuration with a mistake in each channel and in a variable of each.
 */
export type GrowthCounts = Awaited<ReturnType<typeof growth>>;

/** Counts on the simulated clock: the same program takes the same steps on every machine. */
async function growth(count: number) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const clock = createSimulatedClock();
  let delivered = 0;
  const process = async (batch: readonly unknown[]): Promise<void> => {
    delivered += batch.length;
  };
  const channels = Array.from({ length: count }, (_, index) => ({ name: `c${index}`, process }));
  const routeToAll = (): void => {
    for (const { name } of channels) router.route(messageOf('T', 0), { dataType: name });
  };
  stepsSince(session);
  const router = createRouter({ ...channelsOf({ ProcessingChannel }, channels), clock });
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
  if (delivered !== 2 * count) throw new Error(`${2 * count - delivered} messages are missing`);
  stepsSince(session);
  const stopped = router.stop();
  await clock.advance(1_000);
  const { conserved } = await stopped;
  if (!conserved) throw new Error('the report of the stop does not account for every message');
  const stop = stepsSince(session);
  await readMistakes(count);
  return { start, traffic, flush, stop, mistakes: stepsSince(session) };
}

async function readMistakes(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `c${index + 1_000}`);
  await writeFile(file, `channels: { ${names.map((name) => `${name}: { x: &x${name} 1, y: *x${name} }`).join(', ')} }`);
  const environment = Object.fromEntries(names.map((name) => [`SLUICE_${name.toUpperCase()}_BATCH_SIZE`, '0']));
  const error: unknown = await loadConfig(file, { environment }).catch((thrown: unknown) => thrown);
  const isWhole = error instanceof ConfigError && error.mistakes.length + error.more === 3 * count;
  if (!isWhole) throw new Error(`not every mistake is counted: ${String(error).slice(0, 200)}`);
}

/** The steps since the last call. */
function stepsSince(session: Session): number {
  let steps = 0;
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error !== null) throw error;
    for (const { functions } of coverage.result)
      for (const { ranges } of functions) for (const range of ranges) steps += range.count;
  });
  return steps;
}

const file = `${process.argv[1]}.${process.argv[2]}.yaml`;

process.stdout.write(JSON.stringify(await growth(Number(process.argv[2]))));
