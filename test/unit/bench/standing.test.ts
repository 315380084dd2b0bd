import { expect, it } from 'vitest';
import type { Run } from '../../bench/run-apart.ts';
import { nsMoreOf, ratioOf, standingsOf } from '../../bench/standing.ts';

const measures = [{ name: 'perSecond', title: '', better: 'more', text: String }] as const;

function runs(...perSecond: number[]): Run[] {
  return perSecond.map((value) => ({ sample: { perSecond: value } }));
}

function standing(name: string, entries: Readonly<Record<string, readonly Run[]>>) {
  const found = standingsOf({ measures, baseline: 'bare' }, new Map(Object.entries(entries)));
  const own = found.find(({ contestant }) => contestant === name);
  if (own === undefined) throw new Error(`no standing of ${name}`);
  return own;
}

it('a ratio compares within a turn: a machine that slows down for a turn changes none', () => {
  const own = standing('sluice', { bare: runs(100, 10, 1_000), sluice: runs(80, 8, 800) });
  expect(own.ratio).toBeCloseTo(0.8);
  expect(own.medians.perSecond).toBe(80);
});

it('a ratio is the median of the ratios, not the ratio of the medians', () => {
  const own = standing('sluice', { bare: runs(100, 200, 300), sluice: runs(100, 20, 150) });
  expect(own.ratio).toBeCloseTo(0.5);
});

it('nanoseconds above the floor are those of the same turn', () => {
  const own = standing('sluice', { floor: runs(1e7, 2e7), bare: runs(1, 1), sluice: runs(5e6, 1e7 / 1.5) });
  expect(own.nsAboveFloor).toBeCloseTo(100);
});

it('without a floor there are none', () => {
  expect(standing('sluice', { bare: runs(1), sluice: runs(1) }).nsAboveFloor).toBeNaN();
});

it('whoever failed in one turn has failed, and what it measured in others does not count', () => {
  const own = standing('sluice', {
    bare: runs(1, 1),
    sluice: [...runs(1), { failure: 'T: 1 of 2 messages are missing' }],
  });
  expect(own.failure).toBe('T: 1 of 2 messages are missing');
  expect(own.medians).toEqual({});
  expect(own.ratio).toBeNaN();
});

it('a baseline that failed in a turn leaves that turn out of the ratio', () => {
  const own = standing('sluice', { bare: [{ failure: 'x' }, ...runs(100)], sluice: runs(1, 50) });
  expect(own.ratio).toBe(0.5);
});

it('two contestants are compared turn by turn, and not when one failed', () => {
  const entries = { bare: runs(1, 1, 1), hand: runs(5e6, 1e7, 2e7), sluice: runs(1e7, 2e7, 1e7) };
  const [, hand, sluice] = standingsOf({ measures, baseline: 'bare' }, new Map(Object.entries(entries)));
  expect(ratioOf(sluice, hand, 'perSecond')).toBe(2);
  expect(nsMoreOf(hand, sluice)).toBe(50);
  expect(ratioOf(sluice, standing('hand', { ...entries, hand: [{ failure: 'x' }] }), 'perSecond')).toBeNaN();
});
