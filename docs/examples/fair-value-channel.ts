import { defineChannel } from 'sluice';
import { z } from 'zod';
import type { BoundedMap } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

/** A fair value as the feed sends it: `fmv` of a `sym` or `pair`. */
const fairValue = z
  .object({ ...symbolFields, fmv: z.number().positive() })
  .refine(hasSymbol, 'a fair value names its sym or pair');

const rules = z.object({
  /** How far a fair value may be from the last trade before it counts, in percent. Default 0.02. */
  maxDeviationPercent: z.number().positive().default(0.02),
});

/** A fair value far from the price of the last trade. */
const fairValueDeviated = z.object({
  type: z.literal('deviation'),
  symbol: z.string(),
  percent: z.number(),
  fairValue: z.number(),
  lastPrice: z.number(),
});

/** A channel that emits an event when a fair value is `maxDeviationPercent` or more away from the last trade. */
export function defineFairValueChannel(lastPrices: BoundedMap) {
  return defineChannel({
    schema: fairValue,
    rules,
    events: fairValueDeviated,
    process(batch, context) {
      for (const message of batch) {
        const symbol = symbolOf(message);
        const lastPrice = lastPrices.get(symbol);
        if (lastPrice === undefined) continue;
        const percent = (message.fmv / lastPrice - 1) * 100;
        if (Math.abs(percent) < context.rules.maxDeviationPercent) continue;
        context.emit({ type: 'deviation', symbol, percent, fairValue: message.fmv, lastPrice });
      }
    },
  });
}
