import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallTimes } from '../../src/core/call-times.ts';

const ms = fc.integer({ min: 0, max: 1_000_000 });

test('a call tells when it began, how long its oldest message waited, and after its end how long it took', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ms, ms, ms), { minLength: 1 }), (calls) => {
      const times = new CallTimes();
      expect([times.startedAt, times.acceptedAt]).toEqual([Number.NaN, Number.NaN]);
      for (const [acceptedAt, waitedMs, durationMs] of calls) {
        const startedAt = acceptedAt + waitedMs;
        times.begin(startedAt, acceptedAt);
        expect(times).toMatchObject({ startedAt, acceptedAt, ageMs: waitedMs });
        times.end(startedAt + durationMs);
        expect(times.durationMs).toBe(durationMs);
      }
    }),
  );
});
