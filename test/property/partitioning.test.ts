import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPartitioning } from '../../src/core/partitioning.ts';

const partitions = fc.array(fc.record({ depth: fc.nat(100), canDeliver: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
});

test('a key has one partition, whatever else happens to the partitions', () => {
  fc.assert(
    fc.property(partitions, fc.array(fc.string(), { maxLength: 50 }), (bins, keys) => {
      const pick = createPartitioning(bins, 'key');
      const first = keys.map((key) => bins.indexOf(pick(key)));
      for (const bin of bins) Object.assign(bin, { depth: bin.depth + 1, canDeliver: !bin.canDeliver });
      expect(keys.map((key) => bins.indexOf(pick(key)))).toEqual(first);
      expect(first.every((index) => index >= 0)).toBe(true);
    }),
  );
});

test('`least-loaded` never takes one that is worse than another: blocked before free, longer before shorter', () => {
  fc.assert(
    fc.property(partitions, (bins) => {
      const chosen = createPartitioning(bins, 'least-loaded')('');
      const candidates = bins.some(({ canDeliver }) => canDeliver) ? bins.filter(({ canDeliver }) => canDeliver) : bins;
      expect(candidates).toContain(chosen);
      expect(chosen.depth).toBe(Math.min(...candidates.map(({ depth }) => depth)));
    }),
  );
});

test('`round-robin` gives those that can deliver equal shares, give or take one', () => {
  fc.assert(
    fc.property(partitions, fc.nat(500), (bins, count) => {
      const pick = createPartitioning(bins, 'round-robin');
      const shares = new Map(bins.map((bin) => [bin, 0]));
      for (let turn = 0; turn < count; turn += 1) {
        const bin = pick('');
        shares.set(bin, (shares.get(bin) ?? 0) + 1);
      }
      const able = bins.filter(({ canDeliver }) => canDeliver);
      const served = [...shares].filter(([bin]) => able.length === 0 || bin.canDeliver).map(([, share]) => share);
      expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1);
      expect(served.reduce((sum, share) => sum + share, 0)).toBe(count);
    }),
  );
});
