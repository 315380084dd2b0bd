import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/core/random.ts';

const seeds = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 2 ** 31, 2 ** 32 - 1));

function draw(seed: number, count: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, random);
}

/** Mulberry32 as its author wrote it down. */
function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a += 0x6d2b79f5;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('the numbers are those of mulberry32, so a seed means the same in every version', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      expect(draw(seed, 100)).toEqual(Array.from({ length: 100 }, mulberry32(seed)));
    }),
  );
});

test('every number is from 0 up to but not 1, from any seed', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      expect(draw(seed, 500).every((number) => number >= 0 && number < 1)).toBe(true);
    }),
  );
});

test('the same seed gives the same numbers, however draws from other sources come between', () => {
  fc.assert(
    fc.property(seeds, seeds, fc.array(fc.boolean(), { maxLength: 100 }), (seed, other, turns) => {
      const [mine, theirs] = [createRandom(seed), createRandom(other)];
      const drawn = turns.map((isMine) => ({ isMine, number: isMine ? mine() : theirs() }));
      const ofMine = drawn.filter(({ isMine }) => isMine).map(({ number }) => number);
      expect(ofMine).toEqual(draw(seed, ofMine.length));
    }),
  );
});

test('seeds that differ by less than 2^32 give different numbers', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(2 ** 32 - 1), { minLength: 2, maxLength: 2 }), ([one = 0, two = 0]) => {
      expect(draw(one, 8)).not.toEqual(draw(two, 8));
      expect(draw(one + 2 ** 32, 8)).toEqual(draw(one, 8));
    }),
  );
});

test('of a thousand numbers each tenth of the range gets its share, within seven standard deviations', () => {
  const [count, tenths] = [1_000, 10];
  const spread = 7 * Math.sqrt(count * (1 / tenths) * (1 - 1 / tenths));
  fc.assert(
    fc.property(seeds, (seed) => {
      const tenthOf = draw(seed, count).map((number) => Math.floor(number * tenths));
      const shares = Array.from({ length: tenths }, (_, tenth) => tenthOf.filter((each) => each === tenth).length);
      for (const share of shares) expect(Math.abs(share - count / tenths)).toBeLessThan(spread);
    }),
  );
});
