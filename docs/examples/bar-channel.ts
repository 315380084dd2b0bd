import { defineChannel } from 'sluice';
import { z } from 'zod';
import { BoundedMap } from './bounded-map.ts';
import { hasSymbol, symbolFields, symbolOf } from './symbol.ts';

/** A bar as the feed sends it: open `o`, close `c`, start `s` and end `e` of a `sym` or `pair`. */
const bar = z
  .object({ ...symbolFields, o: z.number().positive(), c: z.number().positive(), s: z.number(), e: z.number() })
  .refine(hasSymbol, 'a bar names its sym or pair');

const rules = z.object({
  /** How far a bar moves from open to close before it counts, in percent. Default 0.1. */
  minMovePercent: z.number().positive().default(0.1),
});

/** A bar that moved far enough from its open to its close. */
const barMoved = z.object({
  type: z.literal('move'),
  symbol: z.string(),
  percent: z.number(),
  from: z.number(),
  to: z.number(),
  startedAt: z.number(),
});

/** Emits an event when a bar moved by `minMovePercent` or more, once per bar. */
export const BarChannel = defineChannel({
  schema: bar,
  rules,
  events: barMoved,
  create() {
    const emitted = new BoundedMap();
    return {
      process(batch, context) {
        for (const message of batch) {
          const symbol = symbolOf(message);
          // A feed sends a bar again while the bar grows or when a trade arrives late. Bars of a second and of a minute
          // can start together, so the end is part of the key.
          const key = `${symbol} ${message.s} ${message.e}`;
          const percent = (message.c / message.o - 1) * 100;
          if (Math.abs(percent) < context.rules.minMovePercent || emitted.get(key) !== undefined) continue;
          emitted.set(key, percent);
          context.emit({ type: 'move', symbol, percent, from: message.o, to: message.c, startedAt: message.s });
        }
      },
    };
  },
});
