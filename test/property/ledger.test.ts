import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Counter, createCounters } from '../../src/core/counters.ts';
import { addLedgers, countLedger, isConserved, type Ledger } from '../../src/core/ledger.ts';

const count = fc.nat(1_000_000);
const conserved = fc
  .record({
    rejected: count,
    delivered: count,
    deadLettered: count,
    dropped: count,
    conflated: count,
    returned: count,
    buffered: count,
    inFlight: count,
  })
  .map(({ rejected, ...places }): Ledger => {
    const accepted = Object.values(places).reduce((sum, each) => sum + each, 0);
    return { received: accepted + rejected, accepted, rejected, ...places };
  });

test('ledgers that are conserved add up to one that is, count by count and in any order', () => {
  fc.assert(
    fc.property(fc.array(conserved), (ledgers) => {
      const total = addLedgers(ledgers);
      expect(isConserved(total)).toBe(true);
      expect(total.accepted).toBe(ledgers.reduce((sum, { accepted }) => sum + accepted, 0));
      expect(addLedgers(ledgers.toReversed())).toEqual(total);
    }),
  );
});

test('one message too many or too few in any single count breaks conservation', () => {
  fc.assert(
    fc.property(conserved, fc.constantFrom(...(Object.keys(addLedgers([])) as (keyof Ledger)[])), (ledger, name) => {
      expect(isConserved({ ...ledger, [name]: ledger[name] + 1 })).toBe(false);
    }),
  );
});

/** Counters of a channel as they stand when the ledger is as given; everything that no ledger has counts `beside`. */
function countersOf({ received, buffered, ...counts }: Ledger, beside: number): Parameters<typeof countLedger>[0] {
  const counters = createCounters();
  for (const index of Object.values(Counter)) counters[index] = beside;
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counters[Counter[name]] = counts[name];
  return (index) => counters[index];
}

test('a ledger read off counters is the one that was counted, whether what is buffered is counted or follows', () => {
  fc.assert(
    fc.property(conserved, count, (ledger, beside) => {
      const counted = countersOf(ledger, beside);
      expect(countLedger(counted, ledger.buffered)).toEqual(ledger);
      expect(countLedger(counted)).toEqual(ledger);
    }),
  );
});

test('a message that is buffered and not counted is seen as a breach, and never as a negative count', () => {
  fc.assert(
    fc.property(conserved, fc.integer({ min: 1, max: 1_000 }), (ledger, missing) => {
      const counted = countersOf(ledger, 0);
      expect(isConserved(countLedger(counted, ledger.buffered + missing))).toBe(false);
      // Another thread has counted the delivery of messages whose acceptance this one has not read yet.
      const torn = countersOf({ ...ledger, delivered: ledger.delivered + ledger.buffered + missing }, 0);
      expect(countLedger(torn).buffered).toBe(0);
    }),
  );
});

test('the ledger of something that has more is its counts and nothing else', () => {
  fc.assert(
    fc.property(conserved, fc.dictionary(fc.constantFrom('state', 'late', 'calls'), fc.nat()), (ledger, more) => {
      expect(addLedgers([{ ...more, ...ledger }])).toEqual(ledger);
    }),
  );
});
