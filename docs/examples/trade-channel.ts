import { defineChannel } from 'sluice';
import { z } from 'zod';
import { BoundedMap } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

/** A trade as the feed sends it: a price `p` of a `sym` or `pair`. */
const trade = z
  .object({ ...symbolFields, p: z.number().positive() })
  .refine(hasSymbol, 'a trade names its sym or pair');

/** A trade above every earlier trade of its symbol, or below every one. */
const extremeReached = z.object({
  type: z.enum(['high', 'low']),
  symbol: z.string(),
  price: z.number(),
  previous: z.number(),
});

/** Emits an event when a trade passes the high or the low of its symbol since the channel started. */
export const TradeChannel = defineTradeChannel(new BoundedMap());

/** Makes that channel, and lets it write the last price of each symbol to `lastPrices`. */
export function defineTradeChannel(lastPrices: BoundedMap) {
  return defineChannel({
    schema: trade,
    events: extremeReached,
    create() {
      const highs = new BoundedMap();
      const lows = new BoundedMap();
      return {
        process(batch, context) {
          for (const message of batch) {
            const symbol = symbolOf(message);
            const price = message.p;
            lastPrices.set(symbol, price);
            // The first trade of a symbol is both its high and its low, and passes neither.
            const high = highs.get(symbol) ?? price;
            const low = lows.get(symbol) ?? price;
            if (price > high) context.emit({ type: 'high', symbol, price, previous: high });
            if (price < low) context.emit({ type: 'low', symbol, price, previous: low });
            highs.set(symbol, Math.max(high, price));
            lows.set(symbol, Math.min(low, price));
          }
        },
      };
    },
  });
}
