import { type BatchContext, ProcessingChannel } from 'sluice';
import { z } from 'zod';
import { BoundedMap, type LastPrices } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

const trade = z
  .object({ ...symbolFields, p: z.number().positive() })
  .refine(hasSymbol, 'a trade names its sym or pair');

/** A trade as the feed sends it: a price `p` of a `sym` or `pair`. */
export type Trade = z.output<typeof trade>;

/** A trade above every earlier one of its symbol, or below. */
export interface ExtremeReached {
  readonly type: 'high' | 'low';
  readonly symbol: string;
  readonly price: number;
  readonly previous: number;
}

interface Range {
  high: number;
  low: number;
}

/** Tells when a trade passes the high or the low of its symbol since the channel started. */
export class TradeChannel extends ProcessingChannel<Trade, ExtremeReached> {
  override readonly schema = trade;
  readonly #ranges = new BoundedMap<Range>();
  readonly #lastPrices: LastPrices | undefined;

  constructor(lastPrices?: LastPrices) {
    super();
    this.#lastPrices = lastPrices;
  }

  override process(batch: readonly Trade[], context: BatchContext<ExtremeReached>): void {
    for (const message of batch) {
      const symbol = symbolOf(message);
      this.#lastPrices?.set(symbol, message.p);
      const range = this.#ranges.get(symbol);
      // The first trade of a symbol is both its high and its low: nothing was passed.
      if (range === undefined) this.#ranges.set(symbol, { high: message.p, low: message.p });
      else passRange(range, symbol, message.p, context);
    }
  }
}

function passRange(range: Range, symbol: string, price: number, context: BatchContext<ExtremeReached>): void {
  if (price > range.high) {
    context.emit({ type: 'high', symbol, price, previous: range.high });
    range.high = price;
  } else if (price < range.low) {
    context.emit({ type: 'low', symbol, price, previous: range.low });
    range.low = price;
  }
}
