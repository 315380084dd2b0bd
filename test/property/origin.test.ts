import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinOrigin, type Origin, supersede } from '../../src/core/origin.ts';
import { Noted } from '../support/noted.ts';

const endings = ['delivered', 'dead-lettered', 'dropped', 'returned', 'unsettled'] as const;

test('of messages that supersede one another, each origin hears one thing, and none of another source before the last', () => {
  const sources = fc.array(fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }), { minLength: 1 });
  fc.assert(
    fc.property(sources, fc.constantFrom(...endings), (list, ending) => {
      const origins = list.map((source) => (source === undefined ? undefined : new Noted(source)));
      let standing: Origin | undefined;
      for (const origin of origins) standing = standing === undefined ? origin : supersede(standing, origin);
      const last = origins.at(-1);
      for (const [index, origin] of origins.entries()) {
        const hasLater = origins.slice(index + 1).some((later) => later?.source === origin?.source);
        if (origin !== undefined) expect(origin.heard).toEqual(hasLater ? ['conflated'] : []);
      }
      expect(standing?.source).toBe(last?.source);
      if (ending === 'returned' || ending === 'unsettled') standing?.handedBack(ending);
      else standing?.settled(ending);
      const own = last?.heard;
      for (const origin of origins) expect(origin?.heard.length ?? 1).toBe(1);
      if (own !== undefined) expect(own).toEqual([ending]);
    }),
  );
});

test('an origin of several channels hears the worst that became of the message, once, and not before the last has spoken', () => {
  // From the best to the worst.
  const ranked = ['delivered', 'conflated', 'dropped', 'dead-lettered', 'returned', 'unsettled'] as const;
  const fates = fc.array(fc.constantFrom(...ranked), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fates, (list) => {
      const origin = new Noted('a source');
      const joined = joinOrigin(origin, list.length);
      for (const fate of list) {
        expect(origin.heard).toEqual([]);
        if (fate === 'returned' || fate === 'unsettled') joined.handedBack(fate);
        else joined.settled(fate);
      }
      expect(joined.source).toBe(origin.source);
      expect(origin.heard).toEqual([ranked.findLast((fate) => list.includes(fate))]);
    }),
  );
});
