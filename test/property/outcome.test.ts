import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACCEPTED, REJECTED, type RejectReason } from '../../src/core/outcome.ts';

const reasons = fc.constantFrom<RejectReason>('unknown-type', 'invalid', 'mailbox-full', 'tripped', 'not-running');

test('however often messages are refused, there is one outcome per reason, it names it, and nobody can change it', () => {
  fc.assert(
    fc.property(fc.array(reasons, { minLength: 1 }), (sequence) => {
      const outcomes = sequence.map((reason) => REJECTED[reason]);
      expect(outcomes).toEqual(sequence.map((reason) => ({ status: 'rejected', reason })));
      expect(new Set(outcomes).size).toBe(new Set(sequence).size);
      for (const outcome of [...outcomes, ACCEPTED]) expect(Object.isFrozen(outcome)).toBe(true);
    }),
  );
});
