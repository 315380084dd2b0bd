import { type BatchContext, ProcessingChannel } from 'sluice';
import { z } from 'zod';
import { BoundedMap } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

const bar = z
  .object({ ...symbolFields, o: z.number().positive(), c: z.number().positive(), s: z.number(), e: z.number() })
  .refine(hasSymbol, 'a bar names its sym or pair');

const rules = z.object({
  /** How far a bar moves from open to close before it counts, in percent. Default 0.1. */
  minMovePercent: z.number().positive().default(0.1),
});

/** A bar as the feed sends it: open `o`, close `c`, start `s` and end `e` of a `sym` or `pair`. */
export type Bar = z.output<typeof bar>;
type Rules = z.output<typeof rules>;

/** A bar that moved far enough from its open to its close. */
export interface BarMoved {
  readonly type: 'move';
  readonly symbol: string;
  readonly percent: number;
  readonly from: number;
  readonly to: number;
  readonly startedAt: number;
}

/** Tells when a bar moved by `minMovePercent` or more, once per bar. */
export class BarChannel extends ProcessingChannel<Bar, BarMoved, Rules> {
  static override readonly rules = rules;
  override readonly schema = bar;
  readonly #told = new BoundedMap<true>();

  override process(batch: readonly Bar[], context: BatchContext<BarMoved, Rules>): void {
    for (const message of batch) {
      const symbol = symbolOf(message);
      // Feeds send a bar again while it grows or when a trade arrives late; its end tells a second from a minute.
      const key = `${symbol} ${message.s} ${message.e}`;
      const percent = (message.c / message.o - 1) * 100;
      if (Math.abs(percent) < context.rules.minMovePercent || this.#told.get(key)) continue;
      this.#told.set(key, true);
      context.emit({ type: 'move', symbol, percent, from: message.o, to: message.c, startedAt: message.s });
    }
  }
}
