import { expect, test } from 'vitest';
import { CallsInFlight } from '../../../src/core/calls-in-flight.ts';

test('a call is told of once, whatever the order in which calls end', () => {
  const calls = new CallsInFlight();
  const [first, second, third] = [calls.start(1, 10), calls.start(1, 20), calls.start(2, 30)];
  expect(calls.settle(first)).toMatchObject({ epoch: 1, startedAt: 10 });
  expect(calls.settle(first).epoch).toBe(-1);
  expect(calls.settle(third)).toMatchObject({ epoch: 2, startedAt: 30 });
  expect(calls.settle(second)).toMatchObject({ epoch: 1, startedAt: 20 });
  expect(calls.size).toBe(0);
});

test('a ticket that was used up never names a later call', () => {
  const calls = new CallsInFlight();
  const first = calls.start(1, 0);
  calls.settle(first);
  calls.start(1, 0);
  expect(calls.settle(first).epoch).toBe(-1);
  expect(calls.size).toBe(1);
});

test('only calls of the same stay that have been out long enough are old', () => {
  const calls = new CallsInFlight();
  calls.start(1, 10);
  calls.start(2, 10);
  calls.start(2, 20);
  expect([calls.olderThan(9, 2), calls.olderThan(10, 2), calls.olderThan(20, 2)]).toEqual([0, 1, 2]);
});
