import { expect, it } from 'vitest';
import { type RouterEvent, routerMachine } from '../../machines/router.ts';
import { longest, pathsThrough, placeOf } from '../../src/testing/machine-paths.ts';
import { createTransitionCoverage } from '../../src/testing/transition-coverage.ts';
import { fleetFactsOf, routerModel } from './router.ts';
import { RouterDriver } from './router-driver.ts';
import { placeAfter, reasonAfter } from './router-laws.ts';
import { expectAllTaken, gapsInTable, type Ignored } from './table.ts';

const walks = [false, true].flatMap((escalates) =>
  longest(pathsThrough(routerModel(escalates))).map(({ steps }) => ({ steps, escalates })),
);

const failed = [{ in: ['failed'], because: 'the error goes to the host at once, and everything is halted' }];

/** Every event of the chart's vocabulary, and where it does nothing. The compiler asks for each of them. */
const ignored = {
  'router.stop': [{ in: ['stopping'], because: 'it stops' }, ...failed],
  'channel.warmed': [{ in: ['stopping'], because: 'who was warming drains instead' }, ...failed],
  'channel.failed': failed,
  'channel.stopped': failed,
  'channel.restart': [{ in: ['stopping'], because: 'nothing is started any more' }, ...failed],
  'source.stopped': [
    {
      in: ['serving.starting', 'serving.running', 'serving.degraded'],
      because: 'a source is stopped only with the router',
    },
    ...failed,
  ],
} satisfies Record<RouterEvent['type'], Ignored[string]>;

const noEnd = [
  {
    in: ['serving.starting', 'serving.running', 'serving.degraded', 'stopping', 'failed'],
    because: 'a callback actor has no end of its own, and a port does not throw',
  },
];
const ends = {
  'xstate.done.actor.fleet': noEnd,
  'xstate.error.actor.fleet': noEnd,
  'xstate.done.actor.escalation': [{ in: ['failed'], because: 'it has no other end than its error' }],
  'xstate.error.actor.escalation': [{ in: ['failed'], because: 'unhandled on purpose: it is to reach the host' }],
};

it('every event is handled in every state, forbidden on purpose, or ignored for a reason', () => {
  expect(gapsInTable(routerMachine, Object.keys(ignored), { ...ignored, ...ends })).toEqual([]);
});

it('a real router does what its chart says, on every path, and every transition of it is taken', async () => {
  const coverage = createTransitionCoverage(routerMachine);
  for (const { steps, escalates } of walks) {
    const driver = new RouterDriver(escalates, coverage.inspector);
    await driver.settle();
    const walked: string[] = [];
    let from = '';
    for (const { event, state } of steps) {
      walked.push(event.type);
      if (event.type !== 'xstate.init') await driver.cause(event);
      const to = placeOf(state);
      const isServing = to.startsWith('serving.');
      const told = reasonAfter(from, to, event.type);
      expect(
        {
          state: placeOf(driver.snapshot),
          status: driver.snapshot.status,
          ...(isServing && driver.facts),
          ...(told && driver.told),
        },
        walked.join(' → '),
      ).toEqual({
        state: placeAfter(from, event.type, event.world ?? state.world),
        status: state.status,
        ...(isServing && fleetFactsOf(state.world)),
        ...told,
      });
      expect(driver.isConserved).toBe(true);
      from = to;
    }
    expect(await driver.end(), `no timer is left after ${walked.join(' → ')}`).toBe(true);
  }
  expectAllTaken('router', coverage, walks.length);
});
