import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addLedgers, isConserved, type Ledger } from '../../src/core/ledger.ts';

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
