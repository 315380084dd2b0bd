import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Counter, createCounters } from '../../src/core/counters.ts';

type Name = keyof typeof Counter;

// Object.keys widens the names; the record has no others.
const names = Object.keys(Counter) as Name[];
const additions = fc.array(fc.tuple(fc.constantFrom(...names), fc.integer({ min: -1_000, max: 1_000_000 })));

/** What a plain record would hold. */
function sums(all: readonly (readonly [Name, number])[]): number[] {
  return names.map((name) => all.reduce((sum, [at, count]) => (at === name ? sum + count : sum), 0));
}

test('each counter holds the sum of what was added to it, and nothing of what was added to another', () => {
  fc.assert(
    fc.property(additions, (all) => {
      const counters = createCounters();
      for (const [name, count] of all) counters[Counter[name]] += count;
      expect(names.map((name) => counters[Counter[name]])).toEqual(sums(all));
    }),
  );
});

test('R5.1 whoever is handed them, in another thread for one, reads the same counts after every single addition', () => {
  const { port1, port2 } = new MessageChannel();
  fc.assert(
    fc.property(additions, (all) => {
      const counters = createCounters();
      port1.postMessage(counters);
      const elsewhere = receiveMessageOnPort(port2)?.message;
      for (const [name, count] of all) {
        counters[Counter[name]] += count;
        expect(names.map((each) => elsewhere[Counter[each]])).toEqual(names.map((each) => counters[Counter[each]]));
      }
    }),
  );
  port1.close();
});
