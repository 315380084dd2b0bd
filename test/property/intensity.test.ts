import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intensity } from '../../src/core/intensity.ts';

test('it is within exactly when no more than the limit lie in the window that ends now', () => {
  const steps = fc.array(fc.nat(500), { maxLength: 100 });
  fc.assert(
    fc.property(fc.nat(6), fc.integer({ min: 1, max: 1_000 }), steps, (limit, withinMs, pauses) => {
      const intensity = new Intensity(limit, withinMs);
      const stamps: number[] = [];
      let now = 0;
      for (const pause of pauses) {
        now += pause;
        stamps.push(now);
        const inWindow = stamps.filter((stamp) => stamp >= now - withinMs).length;
        expect(intensity.note(now)).toBe(inWindow <= limit);
        expect(intensity.count(now)).toBe(Math.min(inWindow, limit + 1));
      }
    }),
  );
});
