import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/core/random.ts';

const seeds = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 + 7));

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
