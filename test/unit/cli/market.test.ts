import { describe, expect, test } from 'vitest';
import { generateMarket, MARKET_START_MS, type MarketMessage } from '../../../src/cli/market.ts';

const MINUTES_MS = 120_000;

function timeOf(message: MarketMessage): number {
  return 't' in message ? message.t : message.e;
}

function take(seed: number, durationMs: number): MarketMessage[] {
  const messages: MarketMessage[] = [];
  for (const message of generateMarket(seed)) {
    if (timeOf(message) > MARKET_START_MS + durationMs) return messages;
    messages.push(message);
  }
  return messages;
}

describe('generated market', () => {
  const messages = take(1, MINUTES_MS);
  const trades = messages.filter((message) => message.ev === 'T');

  test('the same seed gives the same stream, another seed another', () => {
    expect(take(1, 5_000)).toEqual(take(1, 5_000));
    expect(take(2, 5_000)).not.toEqual(take(1, 5_000));
  });

  test('time never goes back', () => {
    const times = messages.map(timeOf);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
  });

  test('every bar is what its trades make of it, and no traded window is without a bar', () => {
    const bars = messages.filter((message) => 'e' in message);
    for (const bar of bars) {
      const own = trades.filter(({ sym, t }) => sym === bar.sym && t >= bar.s && t < bar.e);
      const prices = own.map(({ p }) => p);
      const volume = own.reduce((sum, { s }) => sum + s, 0);
      expect([bar.o, bar.c, bar.h, bar.l, bar.v]).toEqual([
        prices[0],
        prices.at(-1),
        Math.max(...prices),
        Math.min(...prices),
        volume,
      ]);
      expect(bar.vw).toBeCloseTo(own.reduce((sum, { p, s }) => sum + p * s, 0) / volume, 4);
    }
    const windows = new Set(
      trades.filter(({ t }) => t < MARKET_START_MS + MINUTES_MS).map(({ sym, t }) => `${sym} ${Math.floor(t / 1_000)}`),
    );
    expect(bars.filter(({ ev }) => ev === 'A')).toHaveLength(windows.size);
  });

  test('prices and sizes are above zero', () => {
    expect(trades.every(({ p, s }) => p > 0 && s > 0 && Number.isInteger(s))).toBe(true);
  });

  test('a fair value of every symbol comes once a second', () => {
    const fairValues = messages.filter((message) => message.ev === 'FMV');
    expect(fairValues).toHaveLength((6 * MINUTES_MS) / 1_000);
  });

  test('the rates are shaped like a market: a few hundred a second, and seconds of ten times that', () => {
    const perSecond = new Map<number, number>();
    for (const message of take(1, 6 * 60_000)) {
      const second = Math.floor(timeOf(message) / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    const counts = [...perSecond.values()];
    const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    expect(average).toBeGreaterThan(100);
    expect(average).toBeLessThan(500);
    expect(Math.max(...counts)).toBeGreaterThan(10 * average);
  });
});
