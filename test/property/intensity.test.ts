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

test('limits that change in between hold for what was kept, and after a reset nothing counts', () => {
  const change = fc.record({ limit: fc.nat(6), withinMs: fc.integer({ min: 1, max: 1_000 }) });
  const steps = fc.array(fc.oneof(fc.nat(500), change, fc.constant('reset')), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (sequence) => {
      const intensity = new Intensity(3, 500);
      let stamps: number[] = [];
      let now = 0;
      for (const step of sequence) {
        if (typeof step === 'object') Object.assign(intensity, step);
        else if (step === 'reset') {
          intensity.reset();
          stamps = [];
        } else if (typeof step === 'number') {
          now += step;
          stamps = [...stamps, now].slice(-(intensity.limit + 1)).filter((at) => at >= now - intensity.withinMs);
          expect(intensity.note(now)).toBe(stamps.length <= intensity.limit);
        }
        stamps = stamps.filter((at) => at >= now - intensity.withinMs);
        expect(intensity.count(now)).toBe(stamps.length);
      }
    }),
  );
});
