import { createActor, setup } from 'xstate';
import { type Case, ONCE, type Sample } from '../case.ts';
import { nextTurn } from '../contestant.ts';
import { createLanesRouter } from '../contestants/sluice.ts';
import { plain } from '../report/measures.ts';
import { ownTime } from '../run.ts';

const WARM = 2_000;
const PAIRS = 5_000;

/** What the hot path avoids. */
export const transitionCase: Case = {
  name: 'transition',
  title:
    'one transition: of a plain two-state XState machine, and of a channel of sluice (pause, resume) with all that hangs on it',
  baseline: 'xstate',
  references: ['xstate'],
  contestants: ['xstate', 'sluice'],
  measures: [plain('transitionUs', 'µs each', 2)],
  turns: ONCE,
  open: async (contestant) => ({ measure: contestant === 'sluice' ? runSluice : runPlain }),
};

async function runPlain(): Promise<Sample> {
  const machine = setup({ types: { events: {} as { type: 'toggle' } } }).createMachine({
    id: 'toggle',
    initial: 'on',
    states: { on: { on: { toggle: 'off' } }, off: { on: { toggle: 'on' } } },
  });
  const actor = createActor(machine).start();
  return time(() => {
    actor.send({ type: 'toggle' });
    actor.send({ type: 'toggle' });
  });
}

async function runSluice(): Promise<Sample> {
  const process = (): undefined => undefined;
  const lane = { type: 'T', priority: 1, batchSize: 1, timeoutMs: 10, capacity: 1_000, isSync: true, process } as const;
  const router = createLanesRouter([lane]);
  await router.start();
  let entered = 0;
  router.events.on('channel.entered', () => {
    entered += 1;
  });
  const sample = await time(() => {
    router.pause('tick');
    router.resume('tick');
  });
  if (entered !== 2 * (WARM + PAIRS)) throw new Error(`${entered} transitions instead of ${2 * (WARM + PAIRS)}`);
  await router.stop();
  return sample;
}

async function time(pair: () => void): Promise<Sample> {
  for (let count = 0; count < WARM; count += 1) pair();
  await nextTurn();
  const startedAt = ownTime();
  for (let count = 0; count < PAIRS; count += 1) pair();
  return { transitionUs: ((ownTime() - startedAt) / (2 * PAIRS)) * 1_000 };
}
