import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { Counter, createCounters } from '../../../src/core/counters.ts';
import { addLedgers, isConserved, type Ledger } from '../../../src/core/ledger.ts';

const balanced: Ledger = {
  received: 20,
  accepted: 18,
  rejected: 2,
  delivered: 8,
  deadLettered: 1,
  dropped: 2,
  conflated: 3,
  returned: 1,
  buffered: 2,
  inFlight: 1,
};

it('a ledger is conserved when both equations hold, and when any count is off by one it is not', () => {
  expect(isConserved(balanced)).toBe(true);
  for (const count of Object.keys(balanced) as (keyof Ledger)[]) {
    expect(isConserved({ ...balanced, [count]: balanced[count] + 1 }), count).toBe(false);
  }
});

it('ledgers add up count by count, and none at all are nothing', () => {
  const total = addLedgers([balanced, balanced, { ...balanced, received: 21, rejected: 3 }]);
  expect(total).toMatchObject({ received: 61, rejected: 7, inFlight: 3 });
  expect(isConserved(total)).toBe(true);
  expect(isConserved(addLedgers([]))).toBe(true);
  expect(Object.keys(addLedgers([]))).toEqual(Object.keys(balanced));
});

it('every counter has a place of its own, and begins at 0', () => {
  const counters = createCounters();
  const places = Object.values(Counter);
  expect(new Set(places).size).toBe(places.length);
  for (const place of places) {
    expect(counters[place]).toBe(0);
    counters[place] = place + 1;
  }
  expect(places.map((place) => counters[place])).toEqual(places.map((place) => place + 1));
});

it('R5.1 counters are in shared memory: whoever is handed them reads every later count', () => {
  const counters = createCounters();
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(counters);
  const { message: elsewhere } = receiveMessageOnPort(port2) ?? {};
  counters[Counter.delivered] += 41;
  counters[Counter.delivered] += 1;
  expect(elsewhere[Counter.delivered]).toBe(42);
  port1.close();
});
