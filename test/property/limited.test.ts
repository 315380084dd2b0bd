import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limited } from '../../src/core/limited.ts';

it('a limit leaves so many of the oldest, or of the newest, in their order, and no limit leaves all', () => {
  const limit = fc.integer({ min: -3, max: 20 });
  fc.assert(
    fc.property(fc.array(fc.nat()), limit, (letters, most) => {
      const count = Math.min(letters.length, Math.max(0, most));
      const oldest = limited(letters, { limit: most });
      const newest = limited(letters, { limit: most, newest: true });
      expect(oldest).toEqual(letters.filter((_, index) => index < count));
      expect(newest).toEqual(letters.filter((_, index) => index >= letters.length - count));
      expect(limited(letters, {})).toEqual(letters);
    }),
  );
});
