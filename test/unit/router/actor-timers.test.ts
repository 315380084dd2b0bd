import { expect, it } from 'vitest';
import { type AnyActorRef, createActor, fromCallback, raise, setup } from 'xstate';
import { keepTimersApart } from '../../../src/router/actor-timers.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

const fired: string[] = [];
const sleeper = setup({
  types: { events: {} as { type: 'rise' | 'end' }, input: {} as string, context: {} as { name: string } },
  actions: { tell: ({ context }) => fired.push(context.name) },
}).createMachine({
  context: ({ input }) => ({ name: input }),
  initial: 'asleep',
  on: { end: '.gone' },
  states: {
    asleep: { after: { 100: 'awake' } },
    awake: { entry: ['tell', raise({ type: 'rise' }, { delay: 50 })], on: { rise: { actions: 'tell' } } },
    gone: { type: 'final' },
  },
});

function createFamily() {
  const clock = createSimulatedClock();
  const root = createActor(
    fromCallback(() => {}),
    { clock },
  ).start();
  const searched: AnyActorRef[] = [];
  const { scheduler } = root.system;
  const { cancelAll } = scheduler;
  scheduler.cancelAll = (actor) => {
    searched.push(actor);
    cancelAll(actor);
  };
  const parent = createActor(
    fromCallback(() => {}),
    { parent: root },
  ).start();
  keepTimersApart(parent);
  const spawn = (name: string) => createActor(sleeper, { parent, input: name }).start();
  fired.length = 0;
  return { clock, root, searched, spawn };
}

it('an actor that ends takes its own timers with it, and no others', async () => {
  const { clock, root, spawn } = createFamily();
  const [first] = [spawn('first'), spawn('second')];
  const aside = createActor(sleeper, { parent: root, input: 'aside' }).start();
  expect(clock.pending).toBe(3);
  first.send({ type: 'end' });
  expect(clock.pending).toBe(2);
  await clock.advance(100);
  expect(fired).toEqual(['second', 'aside']);
  aside.send({ type: 'end' });
  expect(clock.pending).toBe(1);
});

it('a delayed event without a name ends with its actor, too', async () => {
  const { clock, spawn } = createFamily();
  const actor = spawn('only');
  await clock.advance(149);
  expect(clock.pending).toBe(1);
  expect(fired).toEqual(['only']);
  actor.send({ type: 'end' });
  expect(clock.pending).toBe(0);
});

it('nothing is looked for among the timers of the whole system', () => {
  const { searched, spawn } = createFamily();
  for (const actor of [spawn('first'), spawn('second')]) actor.send({ type: 'end' });
  expect(searched).toEqual([]);
});
