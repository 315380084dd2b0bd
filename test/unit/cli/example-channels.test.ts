import { describe, expect, test } from 'vitest';
import { BarChannel } from '../../../docs/examples/bar-channel.ts';
import { BoundedMap, LastPrices } from '../../../docs/examples/bounded-map.ts';
import { FairValueChannel } from '../../../docs/examples/fair-value-channel.ts';
import { TradeChannel } from '../../../docs/examples/trade-channel.ts';
import type { BatchContext } from '../../../src/index.ts';

function contextOf<Event, Rules>(rules: Rules) {
  const events: Event[] = [];
  const context: BatchContext<Event, Rules> = {
    attempt: 1,
    trigger: 'size',
    ageMs: 0,
    depth: 0,
    gaps: [],
    rules,
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    fail: () => {},
  };
  return { events, context };
}

describe('example channels', () => {
  test('a trade that passes the high or low of its symbol is told, the first one is not', () => {
    const { events, context } = contextOf<{ type: string }, unknown>({});
    const trades = [10, 11, 11, 9].map((p) => ({ sym: 'A', p }));
    new TradeChannel().process([...trades, { pair: 'B', p: 5 }], context);
    expect(events).toEqual([
      { type: 'high', symbol: 'A', price: 11, previous: 10 },
      { type: 'low', symbol: 'A', price: 9, previous: 10 },
    ]);
  });

  test('a bar that moved is told once, however often it is sent, and a minute apart from its first second', () => {
    const { events, context } = contextOf<{ type: string }, { minMovePercent: number }>({ minMovePercent: 1 });
    const bar = { sym: 'A', o: 100, c: 100.5, s: 0, e: 1_000 };
    const channel = new BarChannel();
    channel.process([bar, { ...bar, c: 99 }, { ...bar, c: 98 }, { ...bar, c: 102, e: 60_000 }], context);
    expect(events).toMatchObject([
      { type: 'move', symbol: 'A', percent: expect.closeTo(-1), from: 100, to: 99, startedAt: 0 },
      { type: 'move', percent: expect.closeTo(2), to: 102 },
    ]);
  });

  test('a fair value is measured against the last trade of its symbol, under either of its names', () => {
    const lastPrices = new LastPrices();
    const trades = contextOf<{ type: string }, unknown>({});
    new TradeChannel(lastPrices).process(
      [
        { pair: 'BTC-USDT', p: 50 },
        { pair: 'BTC-USDT', p: 100 },
      ],
      trades.context,
    );
    const { events, context } = contextOf<{ type: string }, { maxDeviationPercent: number }>({
      maxDeviationPercent: 1,
    });
    const fairValues = [102, 100.5].map((fmv) => ({ sym: 'X:BTC-USDT', fmv }));
    new FairValueChannel(lastPrices).process([...fairValues, { sym: 'unknown', fmv: 1 }], context);
    expect(events).toMatchObject([
      { type: 'deviation', symbol: 'BTC-USDT', percent: expect.closeTo(2), lastPrice: 100 },
    ]);
  });

  test('a message without a symbol or with a price that is none is refused at the door', () => {
    const refused = (schema: { safeParse(message: unknown): { success: boolean } }, message: unknown) =>
      !schema.safeParse(message).success;
    expect(refused(new TradeChannel().schema, { p: 1 })).toBe(true);
    expect(refused(new TradeChannel().schema, { sym: 'A', p: 0 })).toBe(true);
    expect(refused(new BarChannel().schema, { sym: 'A', o: 1, c: '2', s: 0, e: 1 })).toBe(true);
    expect(refused(new FairValueChannel(new LastPrices()).schema, { sym: 'A', fmv: null })).toBe(true);
  });

  test('a bounded map forgets the oldest key, not a newer one', () => {
    const map = new BoundedMap<number>(2);
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
