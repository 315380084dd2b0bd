import { expect, it } from 'vitest';
import type { Run } from '../../bench/apart.ts';
import { perSecond } from '../../bench/case.ts';
import { ratiosOf, standingsOf } from '../../bench/standing.ts';

const failed: Run = { failure: '1 of 2 messages are missing' };

function runs(...values: number[]): Run[] {
  return values.map((value) => ({ sample: { 'messages/s': value } }));
}

function standings(entries: Readonly<Record<string, readonly Run[]>>) {
  const all = standingsOf({ measures: [perSecond], baseline: 'bare' }, new Map(Object.entries(entries)));
  return Object.fromEntries(all.map((standing) => [standing.contestant, standing]));
}

it('a ratio compares within a turn: a machine that slows down for a turn changes none', () => {
  const { sluice } = standings({ bare: runs(100, 10, 1_000), sluice: runs(80, 8, 800) });
  expect(sluice).toMatchObject({ ratio: 0.8, spread: 0, medians: { 'messages/s': 80 } });
});

it('a ratio is the median of the ratios, not the ratio of the medians', () => {
  expect(standings({ bare: runs(100, 200, 300), sluice: runs(100, 20, 150) }).sluice?.ratio).toBe(0.5);
});

it('a contestant that failed in one turn has failed, and what it measured in others does not count', () => {
  const { bare, sluice } = standings({ bare: runs(1, 1), sluice: [...runs(1), failed] });
  expect(sluice).toMatchObject({ failure: '1 of 2 messages are missing', medians: {}, ratio: Number.NaN });
  expect(ratiosOf(sluice, bare, 'messages/s')).toEqual([]);
});

it('a baseline that failed in a turn leaves that turn out of the ratio', () => {
  expect(standings({ bare: [failed, ...runs(100)], sluice: runs(1, 50) }).sluice?.ratio).toBe(0.5);
});
