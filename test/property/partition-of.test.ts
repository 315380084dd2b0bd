import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partitionOf } from '../../src/core/partition-of.ts';
import { createPartitioning } from '../../src/core/partitioning.ts';

test('the partition of a key is that of the streams of a broker: FNV-1a of 32 bits over UTF-8, modulo their number', () => {
  const reference = (key: string, count: number): number => {
    let hash = 0x811c9dc5n;
    for (const byte of new TextEncoder().encode(key)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
    return Number(hash % BigInt(count));
  };
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 200 }), (key, count) => {
      const bins = Array.from({ length: count }, () => ({ depth: 0, canDeliver: true }));
      expect(partitionOf(key, count)).toBe(reference(key, count));
      expect(createPartitioning(bins, 'key')(key)).toBe(bins[reference(key, count)]);
    }),
  );
});
