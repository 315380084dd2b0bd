import { describe, expect, it } from 'vitest';
import { createPartitioning } from '../../../src/core/partitioning.ts';

interface Bin {
  readonly name: number;
  depth: number;
  canDeliver: boolean;
}

function bins(count: number): Bin[] {
  return Array.from({ length: count }, (_, name) => ({ name, depth: 0, canDeliver: true }));
}

describe('by key', () => {
  it('the same key goes to the same partition, also when that cannot deliver', () => {
    const partitions = bins(7);
    const pick = createPartitioning(partitions, 'key');
    const before = pick('BTC');
    before.canDeliver = false;
    before.depth = 1_000;
    expect(pick('BTC')).toBe(before);
  });

  it('many keys spread over all partitions without a crowd', () => {
    const partitions = bins(8);
    const pick = createPartitioning(partitions, 'key');
    for (let index = 0; index < 8_000; index += 1) pick(`SYM${index}`).depth += 1;
    for (const { depth } of partitions) {
      expect(depth).toBeGreaterThan(700);
      expect(depth).toBeLessThan(1_300);
    }
  });
});

describe('round-robin', () => {
  it('takes turns, and passes over those that cannot deliver', () => {
    const partitions = bins(3);
    const pick = createPartitioning(partitions, 'round-robin');
    const next = (count: number) => Array.from({ length: count }, () => pick('').name);
    expect(next(4)).toEqual([0, 1, 2, 0]);
    for (const bin of partitions) bin.canDeliver = bin.name !== 1;
    expect(next(4)).toEqual([2, 0, 2, 0]);
  });

  it('still takes turns when none can deliver', () => {
    const partitions = bins(3);
    for (const bin of partitions) bin.canDeliver = false;
    const pick = createPartitioning(partitions, 'round-robin');
    expect(new Set(Array.from({ length: 3 }, () => pick('').name)).size).toBe(3);
  });
});

describe('least-loaded', () => {
  it('takes the shortest, of those that can deliver', () => {
    const partitions = bins(3);
    const pick = createPartitioning(partitions, 'least-loaded');
    for (const [index, depth] of [5, 2, 9].entries()) Object.assign(partitions[index] ?? {}, { depth });
    expect(pick('').name).toBe(1);
    Object.assign(partitions[1] ?? {}, { canDeliver: false });
    expect(pick('').name).toBe(0);
  });

  it('takes the shortest of all when none can deliver', () => {
    const partitions = bins(3);
    for (const bin of partitions) Object.assign(bin, { canDeliver: false, depth: 3 - bin.name });
    expect(createPartitioning(partitions, 'least-loaded')('').name).toBe(2);
  });
});

it('no partition at all is refused', () => {
  expect(() => createPartitioning([], 'round-robin')).toThrow('a channel has at least one partition');
});
