import { expect, it } from 'vitest';
import { CoarseClock } from '../../../src/core/coarse-clock.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

function createClock(mustTurnAgain = (): boolean => false) {
  const time = createSimulatedClock();
  const ends: number[] = [];
  const clock = new CoarseClock(time, { mustTurnAgain, passEnded: () => ends.push(time.now()) });
  return { time, clock, ends };
}

it('notices the end of a pass only if something happened in it', async () => {
  const { clock, time, ends } = createClock();
  await time.settle();
  expect(ends).toEqual([]);
  clock.ensurePass();
  clock.ensurePass();
  expect(time.pending).toBe(1);
  await time.settle();
  expect(ends).toEqual([0]);
  expect(time.pending).toBe(0);
});

it('lets the event loop turn once more before the pass ends if its listener says so', async () => {
  let turns = 0;
  const { clock, time, ends } = createClock(() => true);
  clock.ensurePass();
  time.setImmediate(() => {
    turns += 1;
    time.setImmediate(() => {
      turns += 1;
      expect(ends).toEqual([0]);
    });
    expect(ends).toEqual([]);
  });
  await time.settle();
  expect([turns, ends]).toEqual([2, [0]]);
});
