import { describe, expect, test } from 'vitest';
import { CALL_FAULTS, createFaultPlan, OUTSIDE_FAULTS, type PlannedFault } from '../../../src/cli/chaos-plan.ts';

function planned(seed: number, messages: number): (PlannedFault | undefined)[] {
  const next = createFaultPlan(seed, ['tick', 'ohlcv', 'fmv']);
  return Array.from({ length: messages }, next);
}

function faultsOf(seed: number, messages: number): PlannedFault[] {
  return planned(seed, messages).filter((fault) => fault !== undefined);
}

describe('a plan of faults', () => {
  test('is the same for the same seed, message by message, and another for another', () => {
    expect(planned(7, 5_000)).toEqual(planned(7, 5_000));
    expect(planned(7, 5_000)).not.toEqual(planned(8, 5_000));
  });

  test.each([0, 1, 2, 4_294_967_295])('of seed %i has every kind of fault within 6,000 messages', (seed) => {
    const kinds = new Set(faultsOf(seed, 6_000).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...CALL_FAULTS, ...OUTSIDE_FAULTS].sort());
  });

  test('has each kind as often as any other, on every channel', () => {
    const faults = faultsOf(1, 300_000);
    const counts = [...CALL_FAULTS, ...OUTSIDE_FAULTS].map((kind) => faults.filter((f) => f.kind === kind).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(new Set(faults.map(({ kind, channel }) => `${kind} ${channel}`)).size).toBe(counts.length * 3);
  });

  test('leaves most messages alone', () => {
    expect(faultsOf(1, 15_000).length).toBeGreaterThan(80);
    expect(faultsOf(1, 15_000).length).toBeLessThan(120);
  });
});
