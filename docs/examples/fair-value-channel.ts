import { type BatchContext, ProcessingChannel } from 'sluice';
import { z } from 'zod';
import type { LastPrices } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

const fairValue = z
  .object({ ...symbolFields, fmv: z.number().positive() })
  .refine(hasSymbol, 'a fair value names its sym or pair');

const rules = z.object({
  /** How far a fair value may be from the last trade before it counts, in percent. Default 0.02. */
  maxDeviationPercent: z.number().positive().default(0.02),
});

/** A fair value as the feed sends it: `fmv` of a `sym` or `pair`. */
export type FairValue = z.output<typeof fairValue>;
type Rules = z.output<typeof rules>;

/** A fair value far from what was last paid. */
export interface FairValueDeviated {
  readonly type: 'deviation';
  readonly symbol: string;
  readonly percent: number;
  readonly fairValue: number;
  readonly lastPrice: number;
}

/** Tells when a fair value is `maxDeviationPercent` or more away from the last trade of its symbol. */
export class FairValueChannel extends ProcessingChannel<FairValue, FairValueDeviated, Rules> {
  static override readonly rules = rules;
  override readonly schema = fairValue;
  readonly #lastPrices: LastPrices;

  constructor(lastPrices: LastPrices) {
    super();
    this.#lastPrices = lastPrices;
  }

  override process(batch: readonly FairValue[], context: BatchContext<FairValueDeviated, Rules>): void {
    for (const message of batch) {
      const symbol = symbolOf(message);
      const lastPrice = this.#lastPrices.get(symbol);
      if (lastPrice === undefined) continue;
      const percent = (message.fmv / lastPrice - 1) * 100;
      if (Math.abs(percent) < context.rules.maxDeviationPercent) continue;
      context.emit({ type: 'deviation', symbol, percent, fairValue: message.fmv, lastPrice });
    }
  }
}
