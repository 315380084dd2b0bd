import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSystemClock } from '../../../src/adapters/system-clock.ts';

// The platform's timers are replaced, so nothing here waits.
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => {
  // A spy on a replaced timer first: restored last, it would put the replacement back for all files after this one.
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const realTimeout = globalThis.setTimeout;
afterAll(() => expect(globalThis.setTimeout).toBe(realTimeout));

it('tells the time since start and since 1970', () => {
  const clock = createSystemClock();
  const startMs = clock.now();
  vi.advanceTimersByTime(250);
  expect([clock.now() - startMs, clock.wallTime()]).toEqual([250, 1_250]);
});

it.each([
  ['0 ms', 0, 1],
  ['a negative time', -3, 1],
  ['NaN ms', Number.NaN, 1],
  ['7.3 ms', 7.3, 8],
  ['more than Node can wait for', 2 ** 31 + 5, 2 ** 31 + 5],
])('a timer of %s fires when it is due and once', (_, ms, expectedMs) => {
  const callback = vi.fn();
  createSystemClock().setTimeout(callback, ms);
  vi.advanceTimersByTime(expectedMs - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('a timer of infinite length keeps waiting', () => {
  const callback = vi.fn();
  createSystemClock().setTimeout(callback, Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(2 ** 33);
  expect(callback).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(1);
});

it('a timer that the platform fires early waits out the rest', () => {
  const callback = vi.fn();
  const now = vi.spyOn(performance, 'now').mockReturnValue(0.6);
  createSystemClock().setTimeout(callback, 10);
  now.mockReturnValue(10.2);
  vi.advanceTimersByTime(10);
  expect(callback).not.toHaveBeenCalled();
  now.mockReturnValue(11.2);
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
});

it('a cleared timer never fires, also not after it was armed again', () => {
  const callback = vi.fn();
  const clock = createSystemClock();
  const timer = clock.setTimeout(callback, 2 ** 31 + 5);
  vi.advanceTimersByTime(2 ** 31);
  clock.clearTimeout(timer);
  clock.clearTimeout(undefined);
  expect(vi.getTimerCount()).toBe(0);
});

it('an immediate is called once, or not at all when cleared', () => {
  const callback = vi.fn();
  const clock = createSystemClock();
  clock.setImmediate(callback);
  clock.clearImmediate(clock.setImmediate(callback));
  clock.clearImmediate(undefined);
  vi.runAllTimers();
  expect(callback).toHaveBeenCalledTimes(1);
});

it('a waiting timer keeps the process alive', () => {
  const timer = vi.spyOn(globalThis, 'setTimeout');
  createSystemClock().setTimeout(() => undefined, 10);
  expect(timer.mock.results[0]?.value.hasRef()).toBe(true);
});
