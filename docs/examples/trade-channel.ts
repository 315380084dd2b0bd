import { defineChannel } from 'sluice';
import { z } from 'zod';
import { BoundedMap, LastPrices } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

/** A trade as the feed sends it: a price `p` of a `sym` or `pair`. */
const trade = z
  .object({ ...symbolFields, p: z.number().positive() })
  .refine(hasSymbol, 'a trade names its sym or pair');

/** A trade above every earlier one of its symbol, or below. */
const extremeReached = z.object({
  type: z.enum(['high', 'low']),
  symbol: z.string(),
  price: z.number(),
  previous: z.number(),
});

/** Emits an event when a trade passes the high or the low of its symbol since the channel started. */
export const TradeChannel = defineTradeChannel(new LastPrices());

/** The same channel, which writes the last price of each symbol to `lastPrices`. */
export function defineTradeChannel(lastPrices: LastPrices) {
  return defineChannel({
    schema: trade,
    events: extremeReached,
    create() {
      const ranges = new BoundedMap<{ high: number; low: number }>();
      return {
        process(batch, context) {
          for (const message of batch) {
            const symbol = symbolOf(message);
            const price = message.p;
            lastPrices.set(symbol, price);
            const range = ranges.get(symbol);
            // The first trade of a symbol is both its high and its low: nothing was passed.
            if (range === undefined) ranges.set(symbol, { high: price, low: price });
            else if (price > range.high || price < range.low) {
              const type = price > range.high ? 'high' : 'low';
              context.emit({ type, symbol, price, previous: range[type] });
              range[type] = price;
            }
          }
        },
      };
    },
  });
}
