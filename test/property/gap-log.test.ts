import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GapLog } from '../../src/core/gap-log.ts';
import type { GapReason } from '../../src/core/overflow.ts';

const reasons = fc.constantFrom<GapReason>('drop-oldest', 'drop-newest', 'conflated');

test('the counts of the gaps add up to the losses, and the number of gaps is bounded whatever the keys', () => {
  const losses = fc.array(fc.tuple(reasons, fc.nat(2_500)), { minLength: 1_000, maxLength: 4_000, size: 'max' });
  fc.assert(
    fc.property(losses, (sequence) => {
      const log = new GapLog('fmv');
      for (const [index, [reason, key]] of sequence.entries()) log.add(reason, `K${key}`, index);
      const gaps = log.take();
      expect(gaps.reduce((sum, gap) => sum + gap.count, 0)).toBe(sequence.length);
      expect(gaps.length).toBeLessThanOrEqual(1_003);
      for (const gap of gaps) expect(gap.to - gap.from + 1).toBeGreaterThanOrEqual(gap.count);
      for (const gap of gaps.slice(1_000)) expect(gap.key).toBe('*');
    }),
    // Shrinking thousands of losses takes minutes and tells nothing more.
    { numRuns: 20, endOnFailure: true },
  );
});

test('below 1,000 keys each key and reason has one gap, exactly as long and as wide as its losses, by first loss', () => {
  const loss = fc.tuple(reasons, fc.constantFrom('', 'A', 'B', '*', '__proto__'), fc.nat(500));
  fc.assert(
    fc.property(fc.array(fc.array(loss, { maxLength: 40 }), { maxLength: 4 }), (batches) => {
      const log = new GapLog('fmv');
      for (const losses of batches) {
        for (const each of losses) log.add(...each);
        const bySource = new Map<string, typeof losses>();
        for (const each of losses) {
          const source = `${each[0]} ${each[1]}`;
          bySource.set(source, [...(bySource.get(source) ?? []), each]);
        }
        const expected = [...bySource.values()].map((all) => {
          const sequences = all.map(([, , sequence]) => sequence);
          const [reason, key] = all[0] ?? [];
          const [from, to] = [Math.min(...sequences), Math.max(...sequences)];
          return { channel: 'fmv', key, from, to, count: all.length, reason };
        });
        expect(log.isEmpty).toBe(losses.length === 0);
        expect(log.take()).toEqual(expected);
        expect(log.isEmpty).toBe(true);
      }
    }),
  );
});
