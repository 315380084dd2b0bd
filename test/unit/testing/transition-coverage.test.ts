import { beforeEach, expect, it } from 'vitest';
import { createActor, createMachine, initialTransition, sendTo, setup } from 'xstate';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { createTransitionCoverage, type TransitionCoverage } from '../../../src/testing/transition-coverage.ts';

const machine = setup({ guards: { isOpen: () => false, isClosed: () => true } }).createMachine({
  id: 'door',
  initial: 'shut',
  on: { ring: { actions: () => undefined }, knock: {} },
  states: {
    shut: { on: { push: [{ guard: 'isOpen', target: 'open' }, { target: 'ajar' }] } },
    ajar: { always: { guard: 'isClosed', target: 'open.wide' } },
    open: { initial: 'wide', states: { wide: { after: { 10: '#door.shut' } } } },
  },
});

const ALL = [
  '(root) --ring--> (stays)',
  '(root) --knock--> (stays)',
  'shut --push [isOpen]--> open',
  'shut --push--> ajar',
  'ajar --always [isClosed]--> open.wide',
  'open.wide --after 10 ms--> shut',
];

let coverage: TransitionCoverage;
beforeEach(() => {
  coverage = createTransitionCoverage(machine);
});

it('before anything happens every transition is missing', () => {
  createActor(machine, { inspect: coverage.inspector }).start();
  expect(coverage.report()).toEqual({ total: 6, covered: 0, missing: ALL });
});

it('a live actor covers what it takes, with `always` and `after`', async () => {
  const clock = createSimulatedClock();
  const actor = createActor(machine, { clock, inspect: coverage.inspector }).start();
  actor.send({ type: 'push' });
  await clock.advance(10);
  expect(coverage.report()).toEqual({ total: 6, covered: 3, missing: ALL.slice(0, 3) });
});

it('a machine with other implementations counts as the same', () => {
  const open = machine.provide({ guards: { isOpen: () => true } });
  createActor(open, { inspect: coverage.inspector }).start().send({ type: 'push' });
  expect(coverage.report().missing).not.toContain('shut --push [isOpen]--> open');
});

it('a child is covered by the inspector of its root; a stranger with the same ids is not', () => {
  const stranger = createMachine({ id: 'door', on: { ring: { actions: () => undefined } } });
  for (const child of [stranger, machine]) {
    const parent = setup({ actors: { child } }).createMachine({
      invoke: { id: 'child', src: 'child' },
      on: { go: { actions: sendTo('child', { type: 'ring' }) } },
    });
    createActor(parent, { inspect: coverage.inspector }).start().send({ type: 'go' });
    expect(coverage.report().covered).toBe(child === stranger ? 0 : 1);
  }
});

it('a step of a model covers what its event would do', () => {
  const [snapshot] = initialTransition(machine);
  coverage.hit(snapshot, { type: 'push' });
  coverage.hit(snapshot, { type: 'knock' });
  coverage.hit(snapshot, { type: 'unknown' });
  expect(coverage.report()).toMatchObject({
    covered: 2,
    missing: ALL.filter((_, index) => index !== 1 && index !== 3),
  });
});
