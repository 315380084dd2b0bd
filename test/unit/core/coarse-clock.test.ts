import { expect, it } from 'vitest';
import { CALL_WEIGHT, CoarseClock, STRIDE_MAX } from '../../../src/core/coarse-clock.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

function createClock(mustTurnAgain = (): boolean => false) {
  const time = createSimulatedClock();
  const ends: number[] = [];
  const clock = new CoarseClock(time, { mustTurnAgain, passEnded: () => ends.push(time.now()) });
  return { time, clock, ends };
}

it('is read when it is made, and on demand', () => {
  const { clock, time } = createClock();
  time.jump(5);
  expect(clock.now).toBe(0);
  expect(clock.read()).toBe(5);
  expect(clock.now).toBe(5);
});

it('shares a reading among brief messages, and takes a new one for each after work that took long', () => {
  const { clock, time } = createClock();
  for (let n = 0; n < 2 * STRIDE_MAX; n += 1) clock.advance(1);
  time.jump(0.01);
  clock.advance(1);
  expect(clock.now).toBe(0);
  time.jump(10);
  clock.advance(STRIDE_MAX);
  expect(clock.now).toBe(10.01);
  time.jump(1);
  clock.advance(1);
  expect(clock.now).toBe(11.01);
});

it('counts a call as several messages, so few calls share a reading', () => {
  const { clock, time } = createClock();
  for (let n = 0; n < 2 * STRIDE_MAX; n += 1) clock.advance(1);
  time.jump(0.01);
  for (let calls = 0; calls < STRIDE_MAX / CALL_WEIGHT; calls += 1) clock.advance(CALL_WEIGHT);
  expect(clock.now).toBe(0.01);
});

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
