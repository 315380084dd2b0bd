import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DeadLetterReason, DeadLetters } from '../../src/facts/dead-letters.ts';

const limits = (capacity: number) => ({ capacity, bytesMax: 1e9, refused: { capacity, bytesMax: 1e9 } });

test('every letter is stored, dropped or evicted, and the newest are kept', () => {
  const reasons = fc.constantFrom<DeadLetterReason>('failed', 'poison', 'stopped');
  const steps = fc.array(
    fc.oneof({ weight: 5, arbitrary: reasons }, { weight: 1, arbitrary: fc.record({ reason: reasons }) }),
  );
  fc.assert(
    fc.property(fc.nat(8), steps, (capacity, sequence) => {
      const letters = new DeadLetters(limits(capacity));
      let added = 0;
      let dropped = 0;
      for (const step of sequence) {
        if (typeof step === 'object') dropped += letters.drop(step);
        else added = letters.add({ channel: 'a', reason: step, message: 0, error: null, attempts: 1, at: 0 })?.id ?? 0;
        expect(letters.size).toBeLessThanOrEqual(capacity);
        expect(letters.size + letters.evicted + dropped).toBe(added);
        const ids = letters.list().map(({ id }) => id);
        expect(ids).toEqual(ids.toSorted((a, b) => a - b));
      }
    }),
  );
});
