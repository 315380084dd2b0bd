import { describe, expect, test } from 'vitest';
import { BarChannel } from '../../../docs/examples/bar-channel.ts';
import { BoundedMap } from '../../../docs/examples/bounded-map.ts';
import { defineFairValueChannel } from '../../../docs/examples/fair-value-channel.ts';
import { defineTradeChannel, TradeChannel } from '../../../docs/examples/trade-channel.ts';
import { testBatch } from '../../../src/testing/index.ts';

describe('example channels', () => {
  test('a trade that passes the high or low of its symbol is told, the first one is not', async () => {
    const trades = [10, 11, 11, 9].map((p) => ({ sym: 'A', p }));
    const { events } = await testBatch(TradeChannel, [...trades, { pair: 'B', p: 5 }]);
    expect(events).toEqual([
      { type: 'high', symbol: 'A', price: 11, previous: 10 },
      { type: 'low', symbol: 'A', price: 9, previous: 10 },
    ]);
  });

  test('a bar that moved is told once, however often it is sent, and a minute apart from its first second', async () => {
    const bar = { sym: 'A', o: 100, c: 100.5, s: 0, e: 1_000 };
    const bars = [bar, { ...bar, c: 99 }, { ...bar, c: 98 }, { ...bar, c: 102, e: 60_000 }];
    const { events } = await testBatch(BarChannel, bars, { config: { eventRules: { minMovePercent: 1 } } });
    expect(events).toMatchObject([
      { type: 'move', symbol: 'A', percent: expect.closeTo(-1), from: 100, to: 99, startedAt: 0 },
      { type: 'move', percent: expect.closeTo(2), to: 102 },
    ]);
  });

  test('a fair value is measured against the last trade of its symbol, under either of its names', async () => {
    const lastPrices = new BoundedMap();
    const trades = [50, 100].map((p) => ({ pair: 'BTC-USDT', p }));
    await testBatch(defineTradeChannel(lastPrices), trades);
    const fairValues = [102, 100.5].map((fmv) => ({ sym: 'X:BTC-USDT', fmv }));
    const { events } = await testBatch(
      defineFairValueChannel(lastPrices),
      [...fairValues, { sym: 'never traded', fmv: 1 }],
      { config: { eventRules: { maxDeviationPercent: 1 } } },
    );
    expect(events).toMatchObject([
      { type: 'deviation', symbol: 'BTC-USDT', percent: expect.closeTo(2), lastPrice: 100 },
    ]);
  });

  test('a message without a symbol or with a price that is none is refused at the door', async () => {
    const results = [
      await testBatch(TradeChannel, [{ p: 1 }, { sym: 'A', p: 0 }]),
      await testBatch(BarChannel, [{ sym: 'A', o: 1, c: '2', s: 0, e: 1 }]),
      await testBatch(defineFairValueChannel(new BoundedMap()), [{ sym: 'A', fmv: null }]),
    ];
    const outcomes = results.flatMap((result) => result.outcomes);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual(
      Array(4).fill('invalid'),
    );
  });

  test('a bounded map forgets the oldest key, not a newer one', () => {
    const map = new BoundedMap(2);
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const)
      map.set(key, value);
    expect([map.size, map.get('a'), map.get('b'), map.get('c')]).toEqual([2, undefined, 2, 4]);
  });
});
