import { expect, it } from 'vitest';
import { type SourceEvent, sourceMachine } from '../../machines/source.ts';
import { longest, pathsThrough, placeOf } from '../../src/testing/machine-paths.ts';
import { createTransitionCoverage } from '../../src/testing/transition-coverage.ts';
import { sourceFactsOf, sourceModel } from './source.ts';
import { SourceDriver } from './source-driver.ts';
import { errorAfter, placeAfter, reasonAfter } from './source-laws.ts';
import { expectAllTaken, gapsInTable, type Ignored } from './table.ts';

const paths = longest(pathsThrough(sourceModel));

const unread = ['starting', 'recovering', 'waiting', 'failed'];
const ending = ['releasing', 'closing'];
const ready = ['ready.standby', 'ready.reading', 'ready.held', 'ready.revoking'];

/** Every event of the chart's vocabulary, and where it does nothing. The compiler asks for each of them. */
const ignored = {
  'partition.assigned': [{ in: [...unread, 'draining', ...ending], because: 'ready asks for it; no more is read' }],
  'partition.revoked': [{ in: [...unread, 'draining', ...ending], because: 'nothing is read that would have to stop' }],
  'partition.ended': [{ in: [...unread, ...ending], because: 'all stays end here' }],
  'window.filled': [{ in: [...unread, 'draining', ...ending], because: 'nothing is read' }],
  'window.opened': [{ in: [...unread, 'draining', ...ending], because: 'nothing is read' }],
  'source.quieted': [{ in: [...unread, ...ready, ...ending], because: 'only a drain waits for it' }],
  'source.failed': [
    { in: [...unread, 'draining', ...ending], because: 'nothing is read, and the writes say themselves what they did' },
  ],
  'source.restart': [
    { in: ['starting', 'recovering', ...ready], because: 'it runs, or is about to' },
    { in: ['draining', ...ending], because: 'what comes to its end is not started anew' },
  ],
  'source.drain': [{ in: ['draining', ...ending], because: 'it drains' }],
  'source.abandon': [],
} satisfies Record<SourceEvent['type'], Ignored[string]>;

const noEnd = [{ in: ready, because: 'a callback actor has no end of its own, and a port does not throw' }];
const ends = { 'xstate.done.actor.reading': noEnd, 'xstate.error.actor.reading': noEnd };

it('every event is handled in every state, forbidden on purpose, or ignored for a reason', () => {
  expect(gapsInTable(sourceMachine, Object.keys(ignored), { ...ignored, ...ends })).toEqual([]);
});

it('a real source does what its chart says, on every path, and every transition of it is taken', async () => {
  const coverage = createTransitionCoverage(sourceMachine);
  for (const { steps } of paths) {
    const driver = new SourceDriver(coverage.inspector);
    await driver.settle();
    driver.letReleaseBreak();
    const walked: string[] = [];
    let from = '';
    let error: string | undefined;
    for (const { event, state } of steps) {
      walked.push(event.type);
      if (event.type !== 'xstate.init') await driver.cause(event);
      const to = placeOf(state);
      const told = reasonAfter(from, to, event.type);
      error = errorAfter(error, event.type);
      const isActive = to.startsWith('ready.') || to === 'draining';
      expect(
        {
          state: placeOf(driver.snapshot),
          status: driver.snapshot.status,
          isRead: driver.isRead,
          error: driver.snapshot.context.error?.message,
          ...(isActive && driver.facts),
          ...(told && { cause: driver.snapshot.context.cause }),
        },
        walked.join(' → '),
      ).toEqual({
        state: placeAfter(from, event.type, event.world ?? state.world),
        status: state.status,
        isRead: to === 'ready.reading',
        error,
        ...(isActive && sourceFactsOf(state.world)),
        ...told,
      });
      expect(driver.problems, walked.join(' → ')).toEqual([]);
      from = to;
    }
    expect(await driver.end(), `no timer is left after ${walked.join(' → ')}`).toBe(true);
  }
  expectAllTaken('source', coverage, paths.length);
});
